"""Runs as processes: what kills them, and that each starts once whatever does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from harness.daemon import Daemon, is_running, kill
from ticktrail.core.events import RunFailed, RunLaunched, RunRequested, RunStarted, RunSucceeded, StepLogged

Make = Callable[[str], Daemon]

#: One run of a job that does what the test says.
ONE_RUN = """
@dg.op
def work():
{body}
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    return dg.RunRequest(run_key="k")
defs = dg.Definitions(sensors=[s], jobs=[j])
"""


def one_run(body: str) -> str:
    return ONE_RUN.format(body="\n".join(f"    {line}" for line in body.splitlines()))


def only_failure(engine: Daemon) -> RunFailed:
    """The end of the one run, in a log where nothing is wrong."""
    engine.wait_for("RunFailed")
    assert engine.stop() == 0
    assert engine.violations() == []
    [failed] = engine.events(RunFailed)
    assert isinstance(failed, RunFailed)
    return failed


# --- a job that ends its process ----------------------------------------------------------------


def test_a_job_that_raises_fails_its_run_with_the_step_and_the_traceback(daemon: Make) -> None:
    failed = only_failure(daemon(one_run("raise ValueError('bad data')")).start())

    assert (failed.step, failed.error) == ("work", "ValueError: bad data")
    assert "bad data" in (failed.traceback or "")


def test_a_job_that_calls_sys_exit_fails_its_run(daemon: Make) -> None:
    failed = only_failure(daemon(one_run("sys.exit(0)")).start())

    assert failed.step == "work" and "SystemExit" in failed.error


def test_a_job_that_ends_its_process_fails_its_run_with_the_exit_code(daemon: Make) -> None:
    failed = only_failure(daemon(one_run("os._exit(7)")).start())

    assert "ended with exit code 7 before the run had ended" in failed.error


def test_the_kill_of_a_worker_fails_its_run_with_the_signal(daemon: Make) -> None:
    engine = daemon(one_run("wait_for('go')")).start()
    kill(engine.wait_for("RunStarted")["pid"])

    assert "was killed by signal 9 (SIGKILL)" in only_failure(engine).error
    assert len(engine.events(RunStarted)) == 1


def test_a_step_that_forks_tells_the_end_of_its_run_once(daemon: Make) -> None:
    """Seen to fail when `RunWriter._append` did not look at the process."""
    engine = daemon(one_run("if pid := os.fork():\n    os.waitpid(pid, 0)")).start()
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert len(engine.events(RunSucceeded)) == 1
    assert engine.violations() == []


# --- a worker that never claims its run ---------------------------------------------------------

DYING_AT_ITS_START = """
def die_young():
    note("launches", os.getpid())
    if len((HERE / "launches").read_text().split()) < {lives}:
        os.kill(os.getpid(), signal.SIGKILL)
if IN_RUN_HOST:
    os.register_at_fork(after_in_child=die_young)
"""


def test_a_worker_that_dies_before_its_claim_is_launched_again(daemon: Make) -> None:
    engine = daemon(DYING_AT_ITS_START.format(lives=3) + one_run("note('worked')")).start()
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert len((engine.folder / "launches").read_text().split()) == 3
    assert len(engine.events(RunLaunched)) == 3
    assert len(engine.events(RunStarted)) == 1


def test_after_three_workers_that_died_before_their_claim_the_run_fails(daemon: Make) -> None:
    """Seen to fail when `RunReport.again` was always true."""
    engine = daemon(DYING_AT_ITS_START.format(lives=99) + one_run("note('worked')")).start()

    assert "was killed by signal 9 (SIGKILL)" in only_failure(engine).error
    assert len((engine.folder / "launches").read_text().split()) == 3
    assert engine.events(RunStarted) == []


def test_a_run_whose_host_cannot_load_the_definitions_fails_and_says_why(daemon: Make) -> None:
    broken = "if IN_RUN_HOST:\n    raise ValueError('only in the engine')\n"
    failed = only_failure(daemon(broken + one_run("pass")).start())

    assert "the run host could not start" in failed.error and "only in the engine" in failed.error


# --- the run host -------------------------------------------------------------------------------

KNOWN_HOST = """
if IN_RUN_HOST:
    note("hosts", os.getpid())
"""


def test_after_the_kill_of_the_run_host_its_runs_go_on_and_new_ones_start(daemon: Make) -> None:
    engine = daemon(
        KNOWN_HOST
        + """
@dg.op
def work(context):
    note("working", context.run_id)
    wait_for("go")
    note("worked", context.run_id)
@dg.job
def j():
    work()
@every(0.1, job=j)
def s():
    return dg.RunRequest(run_key="second" if (HERE / "more").exists() else "first")
defs = dg.Definitions(sensors=[s], jobs=[j])
"""
    ).start("--max-runs", "2")
    engine.wait_for("RunStarted")
    kill(int(engine.wait_for_file("hosts")))
    engine.make("more")
    engine.wait_for("RunStarted", count=2)
    engine.make("go")
    engine.wait_for("RunSucceeded", count=2)

    assert engine.stop() == 0
    assert len(set((engine.folder / "worked").read_text().split())) == 2
    assert len((engine.folder / "hosts").read_text().split()) == 2
    assert len(engine.events(RunStarted)) == 2 and engine.violations() == []


def test_a_run_that_the_system_gives_no_process_fails_and_the_next_one_starts(daemon: Make) -> None:
    """Seen to fail when `RunHost._launch` let the error of the fork end the host: it was started for ever."""
    engine = daemon(
        KNOWN_HOST
        + """
fork = os.fork
def no_room():
    if not (HERE / "room").exists():
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
if IN_RUN_HOST:
    os.fork = no_room
@dg.op
def work():
    pass
@dg.job
def j():
    work()
@every(0.1, job=j)
def s():
    return dg.RunRequest(run_key="second" if (HERE / "room").exists() else "first")
defs = dg.Definitions(sensors=[s], jobs=[j])
"""
    ).start()
    failed = engine.wait_for("RunFailed")
    engine.make("room")
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert "no process could be started for it" in failed["error"]
    assert "Resource temporarily unavailable" in failed["error"]
    assert len(engine.events(RunLaunched)) == 4
    assert len((engine.folder / "hosts").read_text().split()) == 1


def test_a_worker_that_finds_its_run_claimed_by_another_does_not_fail_it(daemon: Make) -> None:
    """The host dies between a claim and the engine's hearing of it; its successor launches once more.

    Seen to fail when `Engine._run_event` did not compare who claimed the run with who is gone, and when
    `LocalLauncher.heed` noted the offset before the launcher's thread had taken the event in.
    """
    engine = daemon(
        KNOWN_HOST
        + """
if not IN_RUN_HOST:
    from ticktrail.adapters.runs.launcher import LocalLauncher, _Heard
    from ticktrail.core.events import RunStarted
    take = LocalLauncher._take
    def deaf_to_claims(self, message):
        if isinstance(message, _Heard) and isinstance(message.event, RunStarted):
            return
        take(self, message)
    LocalLauncher._take = deaf_to_claims
"""
        + one_run("wait_for('go')\nnote('worked')")
    ).start("--max-runs", "2")
    engine.wait_for("RunStarted")
    kill(int(engine.wait_for_file("hosts")))
    engine.wait_for("RunLaunched", count=2)
    engine.wait_for_output(engine.wait_for("RunLaunched")["run"], "claimed by another process")
    engine.make("go")
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert engine.events(RunFailed) == engine.violations() == []


def test_the_run_host_ends_with_its_engine_although_a_sensor_left_a_child_behind(daemon: Make) -> None:
    """Seen to fail when forked children kept the engine's end of the host's standard input."""
    engine = daemon(
        KNOWN_HOST
        + """
@every(30)
def s():
    wait_for("hosts")
    pid = os.fork()
    if pid == 0:
        threading.Event().wait()
    note("child", pid)
defs = dg.Definitions(sensors=[s])
"""
    ).start()
    engine.wait_for("TickSkipped")
    child, host = int(engine.wait_for_file("child")), int(engine.wait_for_file("hosts"))
    engine.kill()

    deadline = time.monotonic() + 10
    while (lives := is_running(host)) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill(child)
    assert not lives


# --- what steps leave behind --------------------------------------------------------------------


def test_a_step_is_tried_again_in_the_process_of_its_run(daemon: Make) -> None:
    engine = daemon("""
@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.01, jitter=dg.Jitter.FULL))
def work(context):
    note("attempts", f"{context.retry_number} {os.getpid()}")
    if context.retry_number < 2:
        raise ValueError("not yet")
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    return dg.RunRequest(run_key="k")
defs = dg.Definitions(sensors=[s], jobs=[j])
""").start()
    engine.wait_for("RunSucceeded")

    assert engine.stop() == 0
    attempts = [line.split() for line in (engine.folder / "attempts").read_text().splitlines()]
    assert [number for number, _ in attempts] == ["0", "1", "2"]
    assert len({pid for _, pid in attempts}) == 1
    assert [line.kind for line in engine.events(StepLogged)].count("RETRY") == 2
    assert engine.violations() == []


def test_a_run_takes_the_value_of_an_asset_that_an_earlier_run_made(daemon: Make) -> None:
    engine = daemon("""
@dg.asset
def up():
    return {"made in": os.getpid()}
@dg.asset
def down(up):
    note("taken", f"{up['made in'] != os.getpid()}")
@every(0.1, asset_selection="*")
def s():
    name = "down" if (HERE / "second").exists() else "up"
    return dg.RunRequest(run_key=name, asset_selection=[dg.AssetKey(name)])
defs = dg.Definitions(sensors=[s], assets=[up, down])
""").start()
    engine.wait_for("RunSucceeded")
    engine.make("second")
    engine.wait_for("RunSucceeded", count=2)

    assert engine.stop() == 0
    assert (engine.folder / "taken").read_text() == "True\n"
    assert engine.violations() == []


# --- how many, and what for ---------------------------------------------------------------------


def test_no_more_runs_go_on_at_once_than_allowed(daemon: Make) -> None:
    """Seen to fail when `LocalLauncher._fill` did not compare with ``max_runs``."""
    engine = daemon("""
@dg.op
def work(context):
    note("course", f"begin {context.run_id}")
    time.sleep(0.05)
    note("course", f"end {context.run_id}")
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    for key in "abcd":
        yield dg.RunRequest(run_key=key)
defs = dg.Definitions(sensors=[s], jobs=[j])
""").start("--max-runs", "1")
    engine.wait_for("RunSucceeded", count=4)

    assert engine.stop() == 0
    course = [line.split()[0] for line in (engine.folder / "course").read_text().splitlines()]
    assert course == ["begin", "end"] * 4
    assert [run.run for run in engine.events(RunStarted)] == [
        request.run for request in engine.events(RunRequested)
    ]


def test_a_run_whose_config_no_longer_fits_fails_and_says_so(daemon: Make) -> None:
    engine = daemon("""
class Old(dg.Config):
    path: str
class New(dg.Config):
    folder: str
@dg.op
def work(config: New if IN_RUN_HOST else Old):
    pass
@dg.job
def j():
    work()
@every(30, job=j)
def s():
    return dg.RunRequest(run_config={"ops": {"work": {"config": {"path": "/tmp"}}}})
defs = dg.Definitions(sensors=[s], jobs=[j])
""")
    failed = only_failure(engine.start())

    assert failed.step is None and "folder" in failed.error
    assert len(engine.events(RunStarted)) == 1


def test_a_run_that_nobody_launched_before_the_kill_is_launched_by_the_next_engine(daemon: Make) -> None:
    engine = daemon(
        KNOWN_HOST + "if IN_RUN_HOST:\n    wait_for('host may load')\n" + one_run("note('worked')")
    )
    engine.start().wait_for("RunRequested")
    engine.wait_for_file("hosts")
    engine.kill()
    engine.make("host may load")

    engine.start().wait_for("RunSucceeded")

    assert engine.stop() == 0
    assert (engine.folder / "worked").read_text() == "\n"
    assert len(engine.events(RunSucceeded)) == len(engine.events(RunRequested)) == 1
    assert engine.violations() == []
    verified = subprocess.run(
        [sys.executable, "-m", "ticktrail", "verify", "--home", str(engine.home)],
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0
