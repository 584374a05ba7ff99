"""Every command explains itself, and wrong usage is told from what went wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from command_line import CommandLine
from ticktrail.adapters.cli.app import app


def commands(parent: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in parent:
        if not name.startswith("-"):
            child = parent[name]
            yield (*path, name), child
            yield from commands(child, (*path, name))


ALL = dict(commands(app))
LEAVES = {path: command for path, command in ALL.items() if command.default_command is not None}


def test_the_commands_are_those_promised() -> None:
    assert {" ".join(path) for path in LEAVES} == {
        "dev",
        "sensor list",
        "sensor start",
        "sensor stop",
        "sensor reset",
        "sensor cursor",
        "sensor preview",
        "cursor plan",
        "cursor apply",
        "key show",
        "key release",
        "tick list",
        "tick show",
        "tick tape",
        "run list",
        "run show",
        "run logs",
        "run launch",
        "run cancel",
        "limit list",
        "limit set",
        "limit clear",
        "partition list",
        "partition add",
        "partition delete",
        "why",
        "why-not",
        "why-silent",
        "log",
        "query",
        "report",
        "export",
        "archive",
        "replay",
        "backtest",
        "bisect",
        "slice",
        "diff",
        "verify",
        "rebuild",
        "info",
        "import dagster",
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_has_help(path: tuple[str, ...], ticktrail: CommandLine) -> None:
    result = ticktrail(*path, "--help")

    assert result.code == 0
    summary = ALL[path].help.splitlines()[0]
    assert len(summary) > 15
    assert summary[:40] in result.out
    assert result.err == ""


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_parameter_of_a_command_has_help(path: tuple[str, ...]) -> None:
    shown = [argument for argument in LEAVES[path].assemble_argument_collection() if argument.show]

    assert [argument.name for argument in shown if not argument.parameter.help] == []


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_takes_a_home_and_writes_json(path: tuple[str, ...]) -> None:
    names = {name for argument in LEAVES[path].assemble_argument_collection() for name in argument.names}

    assert {"--home", "--json"} <= names


#: The commands that show what the log tells; `sensor cursor` also sets, which it refuses to do in the past.
READING = {
    "key show",
    "sensor list",
    "sensor cursor",
    "tick list",
    "tick show",
    "tick tape",
    "run list",
    "run show",
    "run logs",
    "limit list",
    "partition list",
    "log",
    "query",
    "report",
    "export",
    "info",
}


def test_every_command_that_shows_what_the_log_tells_can_show_what_it_told_then_and_no_other() -> None:
    """Seen to fail when `run logs` took no *when*."""
    taking = {
        " ".join(path)
        for path, command in LEAVES.items()
        if "--as-of" in {name for one in command.assemble_argument_collection() for name in one.names}
    }

    assert taking == READING


def test_without_a_command_the_help_is_shown(ticktrail: CommandLine) -> None:
    result = ticktrail()

    assert result.code == 0
    assert "verify" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["sensor", "start"],
        ["partition", "add", "p"],
        ["sensor", "list", "--nonsense"],
        ["tick", "list", "--limit", "many"],
        ["tick", "list", "--limit", "0"],
        ["tick", "list", "--status", "FINE"],
        ["run", "list", "--limit", "0"],
        ["why", ""],
        ["why-not", "s"],
        ["why-not", "s", ""],
        ["why-silent", "s", "--since", "yesterday"],
        ["sensor", "cursor", "s", "--set", "x", "--clear"],
        ["sensor", "cursor", "s", "--set", "x", "--as-of", "3"],
        ["sensor", "list", "-f", "a.py", "--as-of", "3"],
        ["log", "--follow", "--as-of", "3"],
        ["sensor", "start", "s", "--as-of", "3"],
        ["export"],
        ["sensor", "start", "s", "-f", "a.py", "-m", "a"],
        ["key", "show", "s"],
        ["key", "release", "s", "k"],
        ["key", "release", "s", "--reason", "r"],
        ["cursor", "plan"],
        ["cursor", "apply"],
        ["dev", "-f", "a.py", "--max-runs", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], ticktrail: CommandLine) -> None:
    result = ticktrail(*arguments)

    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("ticktrail: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["sensor", "list"],
        ["sensor", "start", "s"],
        ["sensor", "cursor", "s"],
        ["cursor", "plan", "s", "--to", "1"],
        ["key", "show", "s", "k"],
        ["key", "release", "s", "k", "--reason", "r"],
        ["tick", "list"],
        ["run", "list"],
        ["partition", "list", "p"],
        ["partition", "add", "p", "k"],
        ["why", "r"],
        ["why-not", "s", "k"],
        ["why-silent", "s"],
        ["log"],
        ["report"],
        ["export", "DIR"],
        ["diff", "1"],
        ["verify"],
        ["rebuild"],
        ["archive", "--older-than", "90d"],
        ["info"],
        ["dev"],
    ],
    ids=" ".join,
)
def test_without_a_home_the_way_to_one_is_told(arguments: list[str], ticktrail: CommandLine) -> None:
    result = ticktrail(*arguments)

    assert result.code == 1
    assert result.out == ""
    assert "start one with `ticktrail dev -f FILE`" in result.err
    assert not ticktrail.home.exists()


def test_the_option_names_another_home_than_the_environment(
    ticktrail: CommandLine, tmp_path: Path, sensors_py: Path
) -> None:
    ticktrail("sensor", "start", "manual", "-f", sensors_py, "--home", tmp_path / "other")

    assert not ticktrail.home.exists()
    assert ticktrail("sensor", "list", "--home", tmp_path / "other", "--json").record["sensor"] == "manual"


def test_broken_definitions_show_the_users_traceback_and_one_line_of_ours(
    ticktrail: CommandLine, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import ticktrail\n\nraise KeyError('no such thing')\n")

    result = ticktrail("dev", "-f", broken)

    assert result.code == 1
    assert f'File "{broken}", line 3' in result.err
    assert result.err.splitlines()[-1].startswith(f"ticktrail: {broken} cannot be loaded: KeyError")
    assert not ticktrail.home.exists()


def test_a_missing_definitions_file_is_told_in_one_line(ticktrail: CommandLine, tmp_path: Path) -> None:
    result = ticktrail("dev", "-f", tmp_path / "missing.py")

    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "missing.py does not exist" in result.err


def test_a_command_loads_no_other_commands_module_and_none_of_what_authors_use() -> None:
    code = (
        "import sys; from ticktrail.adapters.cli.app import execute; execute(['query', '--help']);"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert "ticktrail.adapters.cli.query" in loaded
    assert "ticktrail.core.authoring" not in loaded
    assert not loaded & {
        f"ticktrail.adapters.cli.{name}" for name in ("dev", "backtest", "cursor", "rebuild")
    }
