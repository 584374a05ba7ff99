"""Listings of a bucket by `boto3`, from a real S3 server that is gone when the tape is played."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from harness.s3_server import s3_server
from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind

pytestmark = pytest.mark.external_service


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install()
    rebind(sys.modules[__name__])
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\naws_access_key_id = me\naws_secret_access_key = hunter2\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[tuple[str, ExitStack]]:
    """The address of a server with the bucket ``landing``, and what closes it."""
    folder = tmp_path / "s3"
    folder.mkdir()
    with ExitStack() as running:
        yield running.enter_context(s3_server(folder)), running


def client(address: str) -> Any:
    # A session of its own, as in a process that has just begun: nothing is cached.
    return boto3.session.Session().client("s3", endpoint_url=address)


def listed(s3: Any) -> list[tuple[str, int, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="landing", Prefix="in/")
    return [(each["Key"], each["Size"], each["LastModified"]) for page in pages for each in page["Contents"]]


@pytest.mark.parametrize("is_kept", [True, False], ids=["a client that is kept", "a client of the tick"])
def test_a_listing_comes_from_the_tape_when_the_server_is_gone(
    bucket: tuple[str, ExitStack], is_kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen to fail: a tick that made its client looked for the descriptions of services, and for credentials."""
    address, running = bucket
    for name in ("north", "south"):
        client(address).put_object(Bucket="landing", Key=f"in/{name}.csv", Body=name.encode())
    kept = client(address)

    def read() -> tuple[list[tuple[str, int, Any]], bytes]:
        s3 = kept if is_kept else client(address)
        return listed(s3), s3.get_object(Bucket="landing", Key="in/north.csv")["Body"].read()

    (then, content), tape = record(read)
    running.close()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    assert tape.complete, tape.uncovered
    assert [row[:2] for row in then] == [("in/north.csv", 5), ("in/south.csv", 5)] and content == b"north"
    assert play(tape, read) == (then, content)
    # As in the process of a replay, on a machine without credentials.
    kept = client(address)
    assert play(tape, read) == (then, content)
    recorded = b"".join(tape.channels.values())
    assert "files" not in tape.channels and b"hunter2" not in recorded and len(recorded) < 10_000
