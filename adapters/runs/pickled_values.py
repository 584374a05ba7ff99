"""Values of assets as pickled files, for the runs that come after."""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...core.authoring.asset_key import AssetKey
from ...core.execution.values import ValueMissing


class PickledValues:
    """The port `AssetValues` on a folder: one file per asset and partition."""

    def __init__(self, folder: Path) -> None:
        """Use *folder*, which need not exist."""
        self._folder = folder

    def save(self, asset: AssetKey, partition: str | None, value: Any) -> None:
        """Replace the file in one step; None takes it away."""
        file = self._file(asset, partition)
        if value is None:
            file.unlink(missing_ok=True)
            return
        # Before the folder is touched: what cannot be pickled leaves no trace.
        content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".value-")
        try:
            with open(handle, "wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            os.replace(name, file)
        except BaseException:
            os.unlink(name)
            raise

    def load(self, asset: AssetKey, partition: str | None) -> Any:
        """Read the file of the partition, or else that of no partition."""
        for kept in dict.fromkeys((partition, None)):
            try:
                content = self._file(asset, kept).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            return pickle.loads(content)
        raise ValueMissing(asset.to_user_string())

    def _file(self, asset: AssetKey, partition: str | None) -> Path:
        """Return the asset's file. Quoting leaves no ``@`` and no ``.pickle`` of the user's at its end."""
        *folders, last = (_file_name(part) for part in asset.parts)
        suffix = "" if partition is None else f"@{_file_name(partition)}"
        return self._folder.joinpath(*folders, f"{last}{suffix}.pickle")


def _file_name(text: str) -> str:
    return quote(text, safe="").replace(".", "%2E")
