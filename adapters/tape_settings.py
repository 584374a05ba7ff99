"""What users say of tapes, in ``ticktrail.toml`` of their home."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from ..core.errors import TickTrailError
from ..core.tape.limits import TapeLimits
from .tape.secrets import SECRETS

FILE = "ticktrail.toml"


class BadSettings(TickTrailError):
    """The file of settings cannot be used as it is."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be used: {why}; see docs/operations.md for what may be in it")


class TapeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[tape]``.

    Attributes:
        secrets: A regular expression: what has a name in which it is found is a secret.
        most_of_a_read: Bytes that one read may take on a tape.
        most_of_a_tick: Bytes that all reads of a tick may take.
    """

    secrets: str = SECRETS
    most_of_a_read: int = TapeLimits().read
    most_of_a_tick: int = TapeLimits().tick

    @property
    def limits(self) -> TapeLimits:
        """How much a tape may have."""
        return TapeLimits(read=self.most_of_a_read, tick=self.most_of_a_tick)


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tape: TapeSettings = TapeSettings()


def read_tape_settings(home: Path) -> TapeSettings:
    """Return what the home's file says; the defaults if there is none.

    Raises:
        BadSettings: It cannot be read, is no TOML, says what is not known, or has no regular expression.
    """
    file = home / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return TapeSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(file, str(error)) from error
    try:
        settings = msgspec.convert(tomllib.loads(text), _Settings).tape
        re.compile(settings.secrets)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadSettings(file, str(error)) from error
    except re.error as error:
        raise BadSettings(
            file, f"tape.secrets {settings.secrets!r} is no regular expression: {error}"
        ) from error
    if settings.most_of_a_read < 1 or settings.most_of_a_tick < 1:
        raise BadSettings(file, "tape.most_of_a_read and tape.most_of_a_tick are bytes, 1 or more")
    return settings
