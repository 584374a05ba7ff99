import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from ticktrail.adapters.definitions_file import DefinitionsError, LoadedDefinitions, load_definitions
from ticktrail.core.authoring.errors import DagsterInvariantViolationError
from ticktrail.core.authoring.sensor_context import build_sensor_context

DEFS = """
import ticktrail as dg

@dg.sensor(job_name="j")
def watch(context):
    return dg.SkipReason("nothing")

@dg.op
def step(): ...

@dg.job
def j():
    step()

defs = dg.Definitions(jobs=[j], sensors=[watch])
"""


@pytest.fixture(autouse=True)
def imports_undone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def written(path: Path, text: str = DEFS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def failure(path: Path) -> DefinitionsError:
    with pytest.raises(DefinitionsError) as error:
        load_definitions(path, None)
    return error.value


def test_a_file_is_loaded_with_its_jobs_and_sensors(tmp_path: Path) -> None:
    path = written(tmp_path / "defs.py")

    loaded = load_definitions(path, None)

    assert loaded.origin == str(path)
    assert [sensor.name for sensor in loaded.definitions.sensors] == ["watch"]
    assert loaded.definitions.has_job_def("j")
    assert loaded.sources["watch"] == (
        '@dg.sensor(job_name="j")\ndef watch(context):\n    return dg.SkipReason("nothing")\n'
    )


def test_a_loaded_sensor_can_be_evaluated(tmp_path: Path) -> None:
    loaded = load_definitions(written(tmp_path / "defs.py"), None)

    data = loaded.definitions.get_sensor_def("watch").evaluate_tick(build_sensor_context())

    assert data.skip_message == "nothing"


def test_a_file_imports_its_neighbours_and_its_values_survive_pickling(tmp_path: Path) -> None:
    written(tmp_path / "sub" / "helper_of_defs.py", "JOB = 'j'")
    path = written(
        tmp_path / "sub" / "defs.py",
        "import helper_of_defs\nclass Kept:\n    name = helper_of_defs.JOB\nkept = Kept()\n" + DEFS,
    )

    load_definitions(Path("sub/defs.py"), None)

    (module,) = (module for module in sys.modules.values() if getattr(module, "__file__", None) == str(path))
    assert pickle.loads(pickle.dumps(module.kept)).name == "j"


def test_a_file_without_the_suffix_of_python_is_loaded(tmp_path: Path) -> None:
    assert load_definitions(written(tmp_path / "sensors.txt"), None).definitions.has_job_def("j")


def test_an_edit_within_the_same_second_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "defs.py"

    names = [
        load_definitions(written(path, DEFS.replace("watch", name)), None).definitions.sensors[0].name
        for name in ("watch", "gaze_", "stare")
    ]

    assert names == ["watch", "gaze_", "stare"]


def test_a_module_is_loaded_from_the_current_folder(tmp_path: Path) -> None:
    written(tmp_path / "package_with_defs" / "__init__.py", "")
    written(tmp_path / "package_with_defs" / "inner.py")
    written(tmp_path / "package_with_defs" / "outer.py", "from .inner import defs")

    loaded = load_definitions(None, "package_with_defs.outer")

    assert loaded.origin == "module package_with_defs.outer"
    assert loaded.definitions.has_job_def("j")


@pytest.mark.parametrize("name", ["no_such_module", "no_such_package.inner"])
def test_a_missing_module_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match=f"there is no module '{name}'.*from {tmp_path}") as error:
        load_definitions(None, name)

    assert error.value.traceback is None


def test_a_module_that_misses_another_shows_where_it_asks_for_it(tmp_path: Path) -> None:
    written(tmp_path / "asks_for_more.py", "import no_such_dependency")

    with pytest.raises(
        DefinitionsError, match="ModuleNotFoundError: No module named 'no_such_dependency'"
    ) as error:
        load_definitions(None, "asks_for_more")

    assert error.value.traceback is not None
    assert "import no_such_dependency" in error.value.traceback
    assert "importlib" not in error.value.traceback


@pytest.mark.parametrize(("path", "what"), [("gone.py", "does not exist"), (".", "is a folder")])
def test_a_file_that_is_not_there_is_named(path: str, what: str) -> None:
    error = failure(Path(path))

    assert str(error) == f"the definitions file {path} {what}: give the path of a Python file"
    assert error.traceback is None


@pytest.mark.parametrize(("file", "module"), [(None, None), (Path("a.py"), "a")])
def test_exactly_one_of_file_and_module_is_expected(file: Path | None, module: str | None) -> None:
    with pytest.raises(DefinitionsError, match=r"a file \(-f FILE\) or a module \(-m MODULE\)"):
        load_definitions(file, module)


def test_a_file_without_definitions_is_told_what_is_expected(tmp_path: Path) -> None:
    error = failure(written(tmp_path / "empty.py", "x = 1"))

    assert "empty.py has no Definitions: put a `defs = Definitions(...)`" in str(error)


def test_two_definitions_are_refused_naming_both(tmp_path: Path) -> None:
    path = written(tmp_path / "two.py", DEFS + "other = dg.Definitions()\n")

    with pytest.raises(DagsterInvariantViolationError, match=r"has 2 Definitions \(defs and other\)"):
        load_definitions(path, None)


def test_one_definitions_under_two_names_is_one(tmp_path: Path) -> None:
    assert load_definitions(written(tmp_path / "same.py", DEFS + "again = defs\n"), None).definitions.sensors


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(2)", "SystemExit: the code called sys.exit(2)"),
        ("import sys; sys.exit()", "SystemExit: the code called sys.exit()"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
        (
            "import ticktrail as dg; dg.Definitions(jobs=[1])",
            "DagsterInvalidDefinitionError: Definitions: jobs[0]",
        ),
    ],
)
def test_code_that_fails_is_one_line_of_ours_and_the_traceback_of_theirs(
    code: str, line: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "broken.py", f"def inner():\n    {code}\n\ninner()\n")

    error = failure(path)

    assert str(error).startswith(f"{path} cannot be loaded: {line}")
    assert "\n" not in str(error)
    assert error.traceback is not None
    assert error.traceback.startswith("Traceback (most recent call last):\n")
    assert error.traceback.count('  File "') == 2
    assert f'File "{path}", line 4, in <module>\n    inner()' in error.traceback
    assert f'File "{path}", line 2, in inner' in error.traceback


def test_a_syntax_error_is_shown_with_its_line_and_none_of_our_frames(tmp_path: Path) -> None:
    path = written(tmp_path / "wrong.py", "x = 1\ndef f(:\n")

    error = failure(path)

    assert "wrong.py cannot be loaded: SyntaxError: invalid syntax" in str(error)
    assert error.traceback is not None
    assert error.traceback.startswith(f'  File "{path}", line 2\n')
    assert "definitions_file" not in error.traceback


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x = '\xff'", b"\0"])
def test_a_file_that_is_no_python_text_is_an_error_of_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "binary.py"
    path.write_bytes(data)

    assert "\n" not in str(failure(path))


def test_a_file_that_failed_can_be_mended_and_loaded(tmp_path: Path) -> None:
    path = written(tmp_path / "defs.py", "1 / 0")
    failure(path)

    assert load_definitions(written(path), None).definitions.has_job_def("j")


def test_an_interrupt_from_the_keyboard_is_not_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_definitions(written(tmp_path / "defs.py", "raise KeyboardInterrupt"), None)


class TestFingerprint:
    def loaded(self, path: Path, old: str = "", new: str = "") -> LoadedDefinitions:
        return load_definitions(written(path, DEFS.replace(old, new)), None)

    def test_the_same_function_has_the_same_fingerprint_wherever_it_stands(self, tmp_path: Path) -> None:
        here = self.loaded(tmp_path / "a" / "defs.py")
        there = self.loaded(
            tmp_path / "b" / "defs.py", "import ticktrail as dg", "import ticktrail as dg\n\n"
        )

        assert here.fingerprints == there.fingerprints
        assert len(here.fingerprints["watch"]) == 32

    @pytest.mark.parametrize(
        ("old", "new"), [("nothing", "something"), ('job_name="j"', 'job_name="j", tags={"a": "b"}')]
    )
    def test_a_changed_function_has_another_fingerprint(self, old: str, new: str, tmp_path: Path) -> None:
        before = self.loaded(tmp_path / "defs.py")
        after = self.loaded(tmp_path / "defs.py", old, new)

        assert before.fingerprints["watch"] != after.fingerprints["watch"]

    def test_a_function_without_source_text_is_told_by_its_code(self, tmp_path: Path) -> None:
        def loaded(reason: str) -> LoadedDefinitions:
            text = f"""
                import ticktrail as dg
                space = {{"dg": dg}}
                exec("def watch():\\n    return [dg.SkipReason(x) for x in ('a', {reason!r})]", space)
                defs = dg.Definitions(sensors=[dg.sensor(space["watch"])])
            """
            return load_definitions(written(tmp_path / "defs.py", text), None)

        same, again, other = loaded("b"), loaded("b"), loaded("c")

        assert same.sources == {"watch": None}
        assert same.fingerprints == again.fingerprints != other.fingerprints

    def test_code_has_the_same_digest_in_every_process(self) -> None:
        program = (
            "from ticktrail.adapters.source_text import code_digest\n"
            "space = {}\n"
            'exec(\'def f(x): return x in {1, "a", "b", None}, lambda: 5\', space)\n'
            "print(code_digest(space['f']))"
        )

        digests = {
            subprocess.run(
                [sys.executable, "-c", program],
                env={"PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }

        assert len(digests) == 1

    def test_a_callable_object_is_told_by_its_call(self, tmp_path: Path) -> None:
        text = """
            import ticktrail as dg

            class Watcher:
                def __call__(self, context):
                    return dg.SkipReason("object")

            defs = dg.Definitions(sensors=[dg.SensorDefinition("watch", evaluation_fn=Watcher())])
        """

        source = load_definitions(written(tmp_path / "defs.py", text), None).sources["watch"]

        assert source is not None
        assert source.strip().startswith("def __call__(self, context):")
