"""What users say of tapes in their home."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticktrail.adapters.tape_settings import BadSettings, TapeSettings, read_tape_settings
from ticktrail.core.tape.limits import TapeLimits


def test_without_a_file_all_is_as_it_is_by_default(tmp_path: Path) -> None:
    assert read_tape_settings(tmp_path) == TapeSettings()
    assert TapeSettings().limits == TapeLimits()


def test_what_the_file_says_counts(tmp_path: Path) -> None:
    (tmp_path / "ticktrail.toml").write_text('[tape]\nsecrets = "DOOR"\nmost_of_a_read = 100\n')

    settings = read_tape_settings(tmp_path)

    assert settings.secrets == "DOOR"
    assert settings.limits == TapeLimits(read=100, tick=TapeLimits().tick)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[tape", "Expected"),
        ("[tape]\nsecret = 'x'", "unknown field `secret`"),
        ("[tapes]", "unknown field `tapes`"),
        ("[tape]\nsecrets = '('", "is no regular expression"),
        ("[tape]\nmost_of_a_read = 'all'", "Expected `int`"),
        ("[tape]\nmost_of_a_tick = 0", "1 or more"),
        ("\xff", "codec"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, text: str, why: str) -> None:
    """Seen to fail for each: a misspelt setting would let secrets on the tape."""
    (tmp_path / "ticktrail.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(BadSettings, match=why) as raised:
        read_tape_settings(tmp_path)

    assert str(tmp_path / "ticktrail.toml") in str(raised.value)
