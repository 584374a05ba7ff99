"""AWS by `botocore`, which `boto3` uses: its requests are those of `urllib3`; how a client is made is no read of the sensor's.

Credentials and the descriptions of services are looked up once in a process, so they would be on the first tick's tape alone.
While a tape is played nothing is sent, and nobody needs credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from ...core.tape import Player, covered, reading
from .unrecorded import unrecorded

Patches = Iterator[tuple[Any, str, Any]]

#: What is given for credentials, so that none are looked for.
_NOBODY = {"aws_access_key_id": "tape", "aws_secret_access_key": "tape"}


def _loaders(module: Any) -> Patches:
    for name in ("load_data", "load_data_with_path", "load_service_model"):
        yield module.Loader, name, unrecorded(getattr(module.Loader, name))


def _signers(module: Any) -> Patches:
    really = module.RequestSigner.sign

    @wraps(really)
    def sign(*arguments: Any, **named: Any) -> None:
        if not isinstance(reading(), Player):
            with covered():
                really(*arguments, **named)

    yield module.RequestSigner, "sign", sign


def _sessions(module: Any) -> Patches:
    yield module.Session, "create_client", _made(module.Session.create_client)


def _sessions_of_boto3(module: Any) -> Patches:
    yield module.Session, "__init__", unrecorded(module.Session.__init__)
    for name in ("client", "resource"):
        yield module.Session, name, _made(getattr(module.Session, name))


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Patches]] = {
    "botocore.loaders": _loaders,
    "botocore.signers": _signers,
    "botocore.session": _sessions,
    "boto3.session": _sessions_of_boto3,
}


def _made(really: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(really)
    def make(*arguments: Any, **named: Any) -> Any:
        if isinstance(reading(), Player):
            named = {**named, **_NOBODY}
        with covered():
            return really(*arguments, **named)

    return make
