"""Where the orders are and where the totals go."""

from pathlib import Path

import ticktrail as dg


class Folder(dg.ConfigurableResource):
    """A folder of text files."""

    path: str

    def names(self) -> list[str]:
        return sorted(file.name for file in Path(self.path).glob("*.txt"))

    def numbers(self, name: str) -> list[int]:
        return [int(line) for line in (Path(self.path) / name).read_text().split()]


inbox = Folder(path="inbox")
