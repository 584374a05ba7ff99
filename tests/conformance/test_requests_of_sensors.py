"""What the requests of a sensor become.

The numbers in the docstrings are those of the reference's conformance checklist.
"""

from __future__ import annotations

from collections.abc import Iterator

import ticktrail as dg
from conformance.sensors import engine_of, other_job, the_job


class TestRequestsOfSensors:
    """19, 21, 49: what a request becomes."""

    def test_a_request_picks_its_job_and_brings_its_config(self) -> None:
        def ask() -> Iterator[dg.RunRequest]:
            yield dg.RunRequest(job_name="the_job", run_config={"ops": {"nothing": {"config": {"a": 1}}}})
            yield dg.RunRequest(job_name="other_job")

        engine = engine_of(ask, job=None, jobs=[the_job, other_job])
        engine.beat()

        first, second = engine.requests()
        assert (first.job, first.run_config) == ("the_job", {"ops": {"nothing": {"config": {"a": 1}}}})
        assert (second.job, second.run_config) == ("other_job", {})

    def test_a_list_of_requests_is_requested_in_order(self) -> None:
        engine = engine_of(lambda: [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")])
        engine.beat()

        assert [request.run_key for request in engine.requests()] == ["a", "b"]

    def test_a_run_bears_the_tags_of_its_tick_and_not_those_of_the_sensor(self) -> None:
        engine = engine_of(lambda: dg.RunRequest(run_key="k", tags={"mine": "1"}), tags={"team": "x"})
        engine.beat()

        [request] = engine.requests()
        assert request.tags == {
            "mine": "1",
            "dagster/sensor_name": "s",
            "dagster/run_key": "k",
            "dagster/tick": str(request.tick),
        }


class TestLargeResults:
    """33: a result larger than any message limit."""

    def test_an_evaluation_of_more_than_four_megabytes_is_requested_whole(self) -> None:
        config = {"ops": {"nothing": {"config": {"text": "x" * 5000}}}}

        def ask() -> Iterator[dg.RunRequest]:
            for number in range(1000):
                yield dg.RunRequest(run_key=str(number), run_config=config)

        engine = engine_of(ask)
        engine.beat()

        assert len(engine.requests()) == 1000
