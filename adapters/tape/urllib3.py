"""HTTP by `urllib3`, which `requests` uses: its connections are those of `http.client` that connect in their own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...core.tape import Player, reading
from .http import TapedSocket, taped_connect


def _connections(module: Any) -> Iterator[tuple[Any, str, Any]]:
    yield module.HTTPConnection, "connect", taped_connect(module.HTTPConnection, "http")
    yield module.HTTPSConnection, "connect", taped_connect(module.HTTPSConnection, "https")


def _pools(module: Any) -> Iterator[tuple[Any, str, Any]]:
    really = module.is_connection_dropped

    def is_connection_dropped(connection: Any) -> bool:
        socket = getattr(connection, "sock", None)
        if isinstance(socket, TapedSocket) and socket.leads_nowhere:
            return not isinstance(reading(), Player)
        return bool(really(connection))

    yield module, "is_connection_dropped", is_connection_dropped


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {
    "urllib3.connection": _connections,
    "urllib3.connectionpool": _pools,
}
