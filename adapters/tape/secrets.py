"""Secrets: what is named like one is not kept, its keyed digest is, or nothing where it says only what was asked."""

from __future__ import annotations

import hmac
import os
import re

#: Names whose values are secrets, of environment variables, headers and parameters of URLs, unless users say otherwise.
SECRETS = (
    r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|(^|_)KEY($|_)|AUTHORIZATION|COOKIE|SIGNATURE"
)

#: Of this process: digests cannot be compared with those of guesses.
_key = os.urandom(16)

#: The password of an URL.
_PASSWORD = re.compile(r"(?<=://)([^:/?#@\s]*):([^/?#@\s]+)(?=@)")

_PARAMETER = re.compile(r"([?&;])([^=&;#]+)=([^&;#]*)")

_COOKIE = re.compile(r"^([^=;]+=)([^;]*)")

_secrets = re.compile(SECRETS, re.IGNORECASE)


def use(pattern: str) -> None:
    """Take for secrets what has a name in which *pattern* is found, upper or lower case, ``_`` standing for ``-``."""
    global _secrets
    _secrets = re.compile(pattern, re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Return whether what has this name is a secret."""
    return _secrets.search(name.replace("-", "_")) is not None


def digest(value: str) -> str:
    """Return what is kept of a secret: the same for the same one, as long as the process lives."""
    keyed = hmac.digest(_key, value.encode("utf-8", "surrogateescape"), "blake2b")
    return f"secret-{keyed[:8].hex()}"


def without_password(value: str) -> str:
    """Return a value in which passwords of URLs are digested."""
    if "://" not in value:
        return value
    return _PASSWORD.sub(lambda found: f"{found[1]}:{digest(found[2])}", value)


def without_parameters(path: str) -> str:
    """Return an URL's path in which the values of secret parameters are left out.

    They are a part of what stands for a request, and other ones when its tape is played.
    """
    if "?" not in path:
        return path
    return _PARAMETER.sub(lambda found: f"{found[1]}{found[2]}=" if is_secret(found[2]) else found[0], path)


def headers_without(head: bytes) -> bytes:
    """Return the head of an answer in which the values of secret headers are digested, of cookies those alone."""
    return b"\r\n".join(map(_header, head.split(b"\r\n")))


def _header(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    if not colon or not is_secret(name.decode("latin-1")):
        return line
    text = value.decode("latin-1").strip()
    if name.lower() == b"set-cookie":
        text = _COOKIE.sub(lambda found: found[1] + digest(found[2]), text)
    else:
        text = digest(text)
    return b"%s: %s" % (name, text.encode("latin-1"))
