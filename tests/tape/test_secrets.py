"""What is named like a secret is not kept."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.tapes import record
from ticktrail.adapters.tape import install, secrets


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    install()
    yield
    secrets.use(secrets.SECRETS)


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN", "warehouse_password", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "KEY", "SSH_PRIVATE_X", "X-Api-Key",
        "Authorization", "Proxy-Authorization", "Set-Cookie", "apikey", "X-Amz-Signature",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert secrets.is_secret(name)


@pytest.mark.parametrize("name", ["HOME", "KEYBOARD", "MONKEY", "Content-Type", "page", "ETag"])
def test_names_of_other_things(name: str) -> None:
    assert not secrets.is_secret(name)


def test_the_digest_of_a_secret_is_the_same_for_the_same_one_and_no_plain_hash() -> None:
    assert secrets.digest("a") == secrets.digest("a") != secrets.digest("b")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("postgresql://me:hunter2@db:5432/x?y=z", "postgresql://me:{}@db:5432/x?y=z"),
        ("http://:hunter2@proxy", "http://:{}@proxy"),
        ("https://example.com/a:b@c", "https://example.com/a:b@c"),
        ("http://user@host/", "http://user@host/"),
        ("nothing", "nothing"),
    ],
)
def test_the_password_of_an_url_is_a_secret(value: str, kept: str) -> None:
    """Seen to fail when it was kept, as the variable has no name of a secret."""
    assert secrets.without_password(value) == kept.format(secrets.digest("hunter2"))


def test_secret_parameters_of_an_url_are_left_out() -> None:
    path = "/a?page=2&api_key=x&access_token=y;z=1#end"

    assert secrets.without_parameters(path) == "/a?page=2&api_key=&access_token=;z=1#end"
    assert secrets.without_parameters("/token/api_key=x") == "/token/api_key=x"


def test_secret_headers_are_digested_and_cookies_keep_their_names() -> None:
    head = b"HTTP/1.1 200 OK\r\nServer: x\r\nX-Auth-Token: hunter2\r\nset-cookie: id=hunter2; Path=/; Secure"
    digest = secrets.digest("hunter2").encode()

    assert secrets.headers_without(head) == head.replace(b"hunter2", digest)


def test_users_say_what_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR", "open sesame")
    monkeypatch.setenv("API_TOKEN", "not one of ours")
    secrets.use("^door$")

    _, tape = record(lambda: (os.environ["DOOR"], os.environ["API_TOKEN"]))

    recorded = b"".join(tape.channels.values())
    assert b"sesame" not in recorded and b"not one of ours" in recorded
