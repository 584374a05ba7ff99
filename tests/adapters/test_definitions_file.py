import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import ticktrail as dg
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


SENSORS = """
import ticktrail as dg
from .jobs import j

@dg.sensor(job=j)
def watch(context):
    return dg.SkipReason("nothing")
"""
JOBS = """
import ticktrail as dg

@dg.op
def step(): ...

@dg.job
def j():
    step()
"""
GATHERED = """
import ticktrail as dg
from . import sensors
from .inner import assets

defs = dg.Definitions.merge(
    dg.Definitions(sensors=[sensors.watch]), dg.Definitions(assets=dg.load_assets_from_modules([assets]))
)
"""
ASSETS = """
import ticktrail as dg

@dg.asset
def table(): ...
"""


class TestPackage:
    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        folder = tmp_path / "shop"
        written(folder / "__init__.py", "")
        written(folder / "jobs.py", JOBS)
        written(folder / "sensors.py", SENSORS)
        written(folder / "inner" / "__init__.py", "")
        written(folder / "inner" / "assets.py", ASSETS)
        return folder

    @pytest.mark.parametrize(
        ("place", "name"),
        [("__init__.py", "shop"), ("definitions.py", "shop.definitions"), ("definitions.py", "shop")],
    )
    def test_is_loaded_with_what_its_modules_have(self, package: Path, place: str, name: str) -> None:
        written(package / place, GATHERED)

        loaded = load_definitions(None, name)

        assert loaded.origin == f"module {name}"
        assert [job.name for job in loaded.definitions.get_all_jobs()] == ["j", "__ASSET_JOB"]
        source = loaded.sources["watch"]
        assert source is not None
        assert source.startswith("@dg.sensor(job=j)\ndef watch(context):")

    def test_definitions_of_its_own_come_before_those_of_its_module_definitions(self, package: Path) -> None:
        written(package / "definitions.py", GATHERED)
        written(package / "__init__.py", "import ticktrail as dg\ndefs = dg.Definitions()")

        assert load_definitions(None, "shop").definitions.sensors == []

    def test_without_definitions_is_told_where_they_are_expected(self, package: Path) -> None:
        with pytest.raises(DefinitionsError, match=r"module shop has no Definitions: .* definitions\.py$"):
            load_definitions(None, "shop")
        written(package / "definitions.py", "defs = 1")
        with pytest.raises(DefinitionsError, match=r"module shop has no Definitions: .* definitions\.py$"):
            load_definitions(None, "shop")

    @pytest.mark.parametrize("place", ["sensors.py", "definitions.py", "inner/assets.py"])
    def test_a_fault_in_any_of_its_modules_is_shown_with_its_place(self, package: Path, place: str) -> None:
        written(package / "definitions.py", GATHERED)
        text = (package / place).read_text()
        (package / place).write_text(f"{text}\n1 / 0\n")

        with pytest.raises(DefinitionsError, match="cannot be loaded: ZeroDivisionError") as error:
            load_definitions(None, "shop")

        line = len(text.splitlines()) + 2
        assert error.value.traceback is not None
        assert f'File "{package / place}", line {line}, in <module>\n    1 / 0' in error.value.traceback
        assert "importlib" not in error.value.traceback

    def test_a_fault_in_a_module_that_is_gathered_is_shown_with_its_place(self, package: Path) -> None:
        written(
            package / "definitions.py",
            "import ticktrail as dg, shop\ndg.load_assets_from_package_module(shop)",
        )
        written(package / "later.py", "\nimport no_such_thing")

        with pytest.raises(DefinitionsError, match="ModuleNotFoundError: No module named 'no_such") as error:
            load_definitions(None, "shop")

        assert error.value.traceback is not None
        assert f'File "{package / "later.py"}", line 2, in <module>' in error.value.traceback

    def test_a_module_of_it_that_is_named_as_a_file_is_told_how_to_be_named(self, package: Path) -> None:
        error = failure(package / "sensors.py")

        assert "ImportError: attempted relative import with no known parent package" in str(error)
        assert error.traceback is not None
        assert error.traceback.endswith("in no package: name the module, -m PACKAGE.sensors\n")

    def test_all_its_modules_are_gathered_but_the_one_to_be_run(self, package: Path) -> None:
        written(package / "__main__.py", "1 / 0")
        written(package / "zoo.py", "from .inner.assets import table")

        sys.path.insert(0, str(package.parent))
        shop = importlib.import_module("shop")

        for assets in (dg.load_assets_from_package_module(shop), dg.load_assets_from_package_name("shop")):
            assert [key.to_user_string() for one in assets for key in one.asset_keys] == ["table"]
        for defs in (
            dg.load_definitions_from_package_module(shop, {"a": 1}),
            dg.load_definitions_from_package_name("shop", {"a": 1}),
        ):
            assert [job.name for job in defs.get_all_jobs()] == ["j", "__ASSET_JOB"]
            assert [sensor.name for sensor in defs.sensors] == ["watch"]
            assert defs.resources == {"a": 1}
        (prefixed,) = dg.load_assets_from_package_name("shop", "g", "p")
        assert isinstance(prefixed, dg.AssetsDefinition)
        assert (prefixed.key, prefixed.group_name) == (dg.AssetKey(["p", "table"]), "g")

    def test_a_package_is_expected_where_one_is_gathered(self, tmp_path: Path) -> None:
        for load in (dg.load_assets_from_package_module, dg.load_definitions_from_package_module):
            with pytest.raises(dg.CheckError, match=r"a package is expected, got <module 'json\.decoder'"):
                load(json.decoder)
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match="'source_key_prefix' is not supported yet"
        ):
            dg.load_assets_from_package_module(json, source_key_prefix="p")
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="'executor' is not supported yet"):
            dg.load_definitions_from_package_name("json", executor=1)


@pytest.mark.parametrize(
    "path",
    [
        "dg.Definitions(sensors=[dg.SensorDefinition('s', evaluation_fn=lambda: None, job_name='k')])",
        "dg.definitions(lambda: dg.Definitions(sensors=[dg.sensor(name='s', job_name='k')(lambda: None)]))",
    ],
)
def test_what_does_not_fit_together_is_reported_when_the_file_loads(path: str, tmp_path: Path) -> None:
    error = failure(written(tmp_path / "defs.py", f"import ticktrail as dg\ndefs = {path}"))

    assert str(error) == (
        f"{tmp_path / 'defs.py'} cannot be loaded: DagsterInvalidDefinitionError: sensor 's' targets the job "
        "'k', which is not among the jobs: none; add it to Definitions(jobs=[...])"
    )
    assert error.traceback is None


def test_a_function_under_definitions_is_called_once_the_file_is_loaded(tmp_path: Path) -> None:
    text = DEFS.replace("defs = ", "@dg.definitions\ndef defs():\n    later()\n    return ")
    path = written(tmp_path / "defs.py", text + "\ndef later(): ...\n")

    assert load_definitions(path, None).definitions.has_job_def("j")


def test_a_function_under_definitions_that_fails_is_shown_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "defs.py", "import ticktrail as dg\n@dg.definitions\ndef defs():\n    1 / 0\n")

    error = failure(path)

    assert "cannot be loaded: ZeroDivisionError" in str(error)
    assert error.traceback is not None
    assert f'File "{path}", line 4, in defs' in error.traceback


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
