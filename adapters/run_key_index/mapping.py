"""The file of an index as memory."""

from __future__ import annotations

from .layout import HEADER_SIZE, Header, Unusable, segments_in
from .table_file import TableFile


class Mapping:
    """The whole file, mapped.

    Attributes:
        mapped: The map.
        header: The header, in place.
        words: The whole file as 64-bit words.

    Raises:
        Unusable: The file is too short for a header.
    """

    def __init__(self, file: TableFile) -> None:
        self._file = file
        self.map()

    def map(self) -> None:
        """Map the file as long as it is now; the map before goes with its last user."""
        size = self._file.size
        if size < HEADER_SIZE:
            raise Unusable("it is truncated" if size else "it is empty")
        self.mapped = self._file.map()
        self._look_at_map()

    def lengthen(self) -> None:
        """Map the rest of a file that was made longer; nobody else holds a part of the map."""
        self.words.release()
        # Not mapped anew, which would cost a fault per page once more.
        self.mapped.resize(self._file.size)
        self._look_at_map()

    def _look_at_map(self) -> None:
        whole = len(self.mapped) - len(self.mapped) % 8
        self.words: memoryview[int] = memoryview(self.mapped)[:whole].cast("Q")
        self.header = Header(self.mapped, self.words)

    def write(self, word: int, content: memoryview[int]) -> None:
        """Write a large piece of the file.

        Not through the map: its pages would each have to be made writable, and again after each time that the
        system has written them to the disk.
        """
        self._file.write(8 * word, content)

    @property
    def capacity(self) -> int:
        """How many segments of the main table there is room for."""
        return segments_in(len(self.mapped), self.header.direct)

    def close(self) -> None:
        """Unmap; safe to call twice."""
        self.words.release()
        self.mapped.close()
