# Every target does its own set-up in .venv; a second call installs nothing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check wheel crash bench bench-full clean

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[postgres,dagster,history]" --group dev
	touch $@

demo: .venv/.installed  ## tell the story on real files, in under a minute
	$(BIN)/python examples/demo.py

test: .venv/.installed  ## every test
	$(BIN)/python -m pytest -q

check: .venv/.installed  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: .venv/.installed  ## the built wheel, in an environment of its own, passes the tests of the core
	rm -rf build/wheel && $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv --clear build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet build/wheel/*.whl pytest hypothesis
	build/wheel/venv/bin/python -P -m pytest -q -p no:cacheprovider tests/core tests/conformance
	build/wheel/venv/bin/ticktrail --version

crash: .venv/.installed  ## kill -9 a thousand times, then verify
	$(BIN)/python tests/crash/campaign.py --kills 1000
	$(BIN)/python tests/crash/reactions.py --runs 14000 --kills 20
	$(BIN)/python tests/crash/run_keys.py --kills 200
	$(BIN)/python tests/crash/sealing.py --kills 500
	$(BIN)/python tests/crash/archive.py --kills 250

bench: .venv/.installed  ## a short form of the benchmarks, peers beside us in their own environments, about ten minutes
	$(BIN)/python benchmarks/run.py --json build/benchmarks/results.json --document build/benchmarks/benchmarks.md

bench-full: .venv/.installed  ## all sizes, an hour or two; writes the figures and their document
	$(BIN)/python benchmarks/run.py --full --json benchmarks/results.json --document docs/benchmarks.md

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
