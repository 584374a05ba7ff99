"""The environments of the peers, each made at its first use."""

from __future__ import annotations

import re
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DAGSTER = ("dagster==1.13.27",)
STORES = ("lmdb>=1.6", "rocksdict>=0.3.29")


class Environments:
    """Gives the Python of a peer, or None if the peer is to be left out.

    Attributes:
        versions: Of the peers that were asked for.
    """

    def __init__(self, *, without: Sequence[str] = ()) -> None:
        self._without = without
        self.versions: dict[str, str] = {}

    def dagster(self) -> Path | None:
        """Return the Python that has Dagster."""
        return None if "dagster" in self._without else self._python(ROOT / ".venv-dagster", DAGSTER)

    def stores(self) -> Path | None:
        """Return the Python that has LMDB and RocksDB."""
        return None if "stores" in self._without else self._python(ROOT / ".venv-peers", STORES)

    def _python(self, folder: Path, packages: Sequence[str]) -> Path:
        python, installed = folder / "bin" / "python", folder / ".installed"
        wanted = "\n".join(packages)
        if not installed.exists() or installed.read_text() != wanted:
            print(f"installing {', '.join(packages)} in {folder.name}", flush=True)
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
            installed.write_text(wanted)
        for package in packages:
            name = re.split("[<=>]", package)[0]
            code = f"from importlib.metadata import version; print(version({name!r}))"
            shown = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
            self.versions[name] = shown.stdout.strip()
        return python
