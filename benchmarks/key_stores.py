"""Ours and its peers behind one call: which keys are new, and remember them. Drivers are imported late.

All of them hash keys to the same 16 bytes, say for each key who owns it (the set: only whether it is
there), and are as durable as a projection of a log has to be: what a crash of the machine loses is
read from the log again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

SENSOR = "bucket_sensor"


class KeyStore(Protocol):
    """Holds who owns which key."""

    def add(self, keys: Sequence[str]) -> int:
        """Look all keys up, own those that nobody owns, and return how many these were."""

    def save(self) -> None:
        """Make what is held outlive the machine."""

    def close(self) -> None:
        """Release it."""


def digests(keys: Sequence[str]) -> list[bytes]:
    """Return 16 bytes for each key, as `ticktrail.core.run_keys` does."""
    start = blake2b(f"{SENSOR}\0".encode(), digest_size=16)
    found = []
    for key in keys:
        digest = start.copy()
        digest.update(key.encode())
        found.append(digest.digest())
    return found


class Ticktrail:
    """Our run-key index, asked as the engine asks it."""

    def __init__(self, folder: Path) -> None:
        from ticktrail.adapters.run_key_index import MappedRunKeyIndex
        from ticktrail.core.run_keys import NOBODY, run_key_digests

        self._digests, self._nobody = run_key_digests, NOBODY
        self._index = MappedRunKeyIndex(folder / "run_keys.index")
        self._offset = self._index.checkpoint

    def add(self, keys: Sequence[str]) -> int:
        """Look up, claim, advance."""
        found = self._digests(SENSOR, keys)
        owners = self._index.owners(found)
        new = [digest for digest, owner in zip(found, owners, strict=True) if owner == self._nobody]
        self._index.claim(new, range(self._offset, self._offset + len(new)))
        self._offset += len(new)
        self._index.advance(self._offset)
        return len(new)

    def save(self) -> None:
        """Save the index."""
        self._index.save()

    def close(self) -> None:
        """Close the index."""
        self._index.close()


class PythonSet:
    """A set of the digests: the limit of what a process can do in memory."""

    def __init__(self, folder: Path) -> None:
        self._held: set[bytes] = set()

    def add(self, keys: Sequence[str]) -> int:
        """Test, add."""
        held = self._held
        new = [digest for digest in digests(keys) if digest not in held]
        held.update(new)
        return len(new)

    def save(self) -> None:
        """Do nothing: it ends with its process."""

    def close(self) -> None:
        """Do nothing."""


class SQLite:
    """A table WITHOUT ROWID of digest and owner; WAL, synchronous=NORMAL, a cache of 64 MB, mapped."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "keys.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "mmap_size=8589934592"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS keys (digest BLOB PRIMARY KEY, owner INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._offset = 0

    def add(self, keys: Sequence[str]) -> int:
        """Select each, insert the others in order, in one transaction."""
        database, found = self._database, digests(keys)
        database.execute("BEGIN")
        select = "SELECT owner FROM keys WHERE digest = ?"
        new = [digest for digest in found if database.execute(select, (digest,)).fetchone() is None]
        rows = zip(sorted(new), range(self._offset, self._offset + len(new)), strict=True)
        database.executemany("INSERT INTO keys VALUES (?, ?)", rows)
        database.execute("COMMIT")
        self._offset += len(new)
        return len(new)

    def save(self) -> None:
        """Write the WAL back."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class Lmdb:
    """An LMDB environment, mapped for writing and not synced at commits."""

    def __init__(self, folder: Path) -> None:
        import lmdb

        self._environment: Any = lmdb.open(
            str(folder / "keys.lmdb"), map_size=16 << 30, writemap=True, sync=False, map_async=True
        )
        self._offset = 0

    def add(self, keys: Sequence[str]) -> int:
        """Get each and put the others, in the order of the digests."""
        found, new = digests(keys), 0
        with self._environment.begin(write=True) as transaction:
            for digest in sorted(found):
                if transaction.get(digest) is None:
                    transaction.put(digest, (self._offset + new).to_bytes(8, "little"))
                    new += 1
        self._offset += new
        return new

    def save(self) -> None:
        """Sync to the disk."""
        self._environment.sync(True)

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()


class RocksDB:
    """RocksDB without a write-ahead log, with bloom filters; look-ups of a batch are one call."""

    def __init__(self, folder: Path) -> None:
        from rocksdict import BlockBasedOptions, Options, Rdict, WriteBatch, WriteOptions

        options = Options(raw_mode=True)
        blocks = BlockBasedOptions()
        blocks.set_bloom_filter(10, False)
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_size(64 << 20)
        self._database: Any = Rdict(str(folder / "keys.rocks"), options)
        self._batch: Any = WriteBatch
        writing = WriteOptions()
        writing.disable_wal = True
        self._database.set_write_options(writing)
        self._offset = 0

    def add(self, keys: Sequence[str]) -> int:
        """Get all at once, write the others as a batch."""
        found = digests(keys)
        owners = self._database.get(found)
        batch, new = self._batch(raw_mode=True), 0
        for digest, owner in zip(found, owners, strict=True):
            if owner is None:
                batch.put(digest, (self._offset + new).to_bytes(8, "little"))
                new += 1
        if new:
            self._database.write(batch)
        self._offset += new
        return new

    def save(self) -> None:
        """Flush the memory table."""
        self._database.flush()

    def close(self) -> None:
        """Close the database."""
        self._database.close()


#: By the name that figures have.
STORES: dict[str, Callable[[Path], KeyStore]] = {
    "ticktrail": Ticktrail,
    "Python set": PythonSet,
    "LMDB": Lmdb,
    "RocksDB": RocksDB,
    "SQLite": SQLite,
}
