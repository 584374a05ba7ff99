"""What HTTP clients look up for themselves: proxies, certificates, passwords of `.netrc`.

It is the installation's affair how a request gets to its server, and who asks: none of it is a read of the sensor's, and it
would bring secrets on the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .unrecorded import unrecorded


def _of(*names: str) -> Callable[[Any], Iterator[tuple[Any, str, Callable[..., Any]]]]:
    def patches(module: Any) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        for kind, _, name in (each.rpartition(".") for each in names):
            holder = getattr(module, kind) if kind else module
            # Older releases have less.
            if (original := getattr(holder, name, None)) is not None:
                yield holder, name, unrecorded(original)

    return patches


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Callable[..., Any]]]]] = {
    "ssl": _of("create_default_context", "_create_default_https_context"),
    "urllib.request": _of("getproxies", "proxy_bypass"),
    "requests.sessions": _of("get_netrc_auth", "resolve_proxies", "Session.merge_environment_settings"),
    "requests.adapters": _of("HTTPAdapter.cert_verify", "HTTPAdapter.get_connection_with_tls_context"),
    "httpx._client": _of("get_environment_proxies"),
}
