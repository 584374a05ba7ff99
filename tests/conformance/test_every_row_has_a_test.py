"""Which tests pin the telling cases of the reference's own suite, by the number of the case.

Where we differ on purpose, the test pins what we do; ``docs/compatibility.md`` says why. A case that is about the
reference's own storage, processes or command line, and has nothing to correspond to here, has a reason instead.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

#: Files, and the tests in them, by the number of the case and what it pins.
PINNED: dict[tuple[int, str], str] = {
    (1, "first tick skips, the next one requests"): """conformance/test_when_sensors_tick.py
        test_the_first_tick_comes_at_once_and_skips_with_its_reason
        test_the_next_tick_comes_thirty_seconds_later_and_requests""",
    (2, "custom interval"): """conformance/test_when_sensors_tick.py
        test_a_sixty_second_sensor_ticks_at_sixty_and_not_at_thirty""",
    (3, "custom interval with offset"): """conformance/test_when_sensors_tick.py
        test_a_minute_and_five_seconds_hold_one_more_tick""",
    (4, "start and stop"): """conformance/test_when_sensors_tick.py
        test_stop_and_start_do_not_bypass_the_interval""",
    (5, "launch once"): """conformance/test_run_keys.py
        test_a_key_launches_once_and_then_skips_without_a_reason""",
    (6, "equal keys in a tick"): """conformance/test_run_keys.py
        test_two_equal_keys_in_one_tick_launch_the_first""",
    (7, "name spaces"): """conformance/test_run_keys.py
        test_the_same_key_of_two_sensors_launches_two_runs""",
    (8, "error sensor"): """conformance/test_failed_ticks.py
        test_an_error_fails_the_tick_and_keeps_the_cursor""",
    (9, "passes on retry"): """conformance/test_failed_ticks.py
        test_failures_in_a_row_are_counted_and_a_good_tick_ends_the_count""",
    (10, "wrong config"): """conformance/test_failed_ticks.py
        test_wrong_run_config_fails_the_tick_and_does_so_again""",
    (11, "launch failure"): """conformance/test_failed_ticks.py
        test_a_run_that_cannot_be_launched_fails_and_its_tick_stays_a_success""",
    (12, "cursor on skip and request"): """conformance/test_cursors.py
        test_the_cursor_is_kept_on_a_skip_and_on_a_request""",
    (13, "stopped in flight"): """conformance/test_in_flight.py
        test_a_sensor_stopped_in_flight_requests_nothing_and_loses_nothing""",
    (14, "first tick since the start"): """conformance/test_when_sensors_tick.py
        test_the_first_tick_after_a_start_knows_that_it_is""",
    (15, "status in code"): """conformance/test_when_sensors_tick.py
        test_a_sensor_running_by_default_ticks_at_once_and_stays_as_the_code_says
        test_a_default_turned_to_stopped_stops_a_sensor_that_follows_its_code""",
    (16, "known by name, not by origin"): """conformance/test_when_sensors_tick.py
        test_a_sensor_is_known_by_its_name_whatever_its_code""",
    (17, "a sensor that is gone"): """conformance/test_when_sensors_tick.py
        test_a_sensor_that_is_gone_does_not_tick_and_finds_its_cursor_on_return""",
    (18, "purge of skips"): """conformance/test_further_rows.py
        test_skipped_ticks_are_never_purged""",
    (19, "several jobs"): """conformance/test_requests_of_sensors.py
        test_a_request_picks_its_job_and_brings_its_config""",
    (20, "the three errors of targets"): """core/test_evaluate_tick.py
        test_a_request_of_a_sensor_without_a_target_is_refused
        test_a_request_for_a_job_that_is_not_targeted_is_refused
        test_a_request_that_does_not_choose_among_several_jobs_is_refused""",
    (21, "list of requests"): """conformance/test_requests_of_sensors.py
        test_a_list_of_requests_is_requested_in_order""",
    (22, "asset selection"): """conformance/test_asset_selection_requests.py
        test_a_request_makes_a_part_of_what_the_sensor_targets
        test_a_request_without_a_selection_makes_all_of_it""",
    (23, "stale assets only: all, some, none"): """conformance/test_asset_selection_requests.py
        test_all_that_was_never_made
        test_not_what_is_newer_than_all_that_it_is_made_from
        test_a_request_for_nothing_disappears_and_the_ticks_log_says_so""",
    (24, "partitioned asset selection"): """conformance/test_partition_requests.py
        test_the_run_has_the_partition_in_its_tags""",
    (25, "asset sensor, not on observation"): """conformance/test_reactions_to_assets.py
        test_asset_sensor_is_woken_by_the_materialization
        test_asset_sensor_not_triggered_on_observation""",
    (26, "multi-asset sensor: all of, backlog, no advance"): """conformance/test_reactions_to_assets.py
        test_multi_asset_sensor_waits_for_all_and_asks_once
        test_multi_asset_sensor_with_many_events_goes_on_at_once
        test_multi_asset_sensor_without_cursor_update_fails""",
    (27, "cursor in the result of a multi-asset sensor"): """core/test_multi_asset_sensor_idioms.py
        test_a_cursor_in_the_result_is_an_error""",
    (28, "asset defined elsewhere"): """conformance/test_further_rows.py
        test_monitored_asset_may_be_defined_elsewhere""",
    (29, "dynamic partitions added, deleted, unchanged"): """conformance/test_dynamic_partition_requests.py
        test_the_change_of_a_tick_tells_what_was_news
        test_a_change_that_changes_nothing_is_recorded_and_empty_requests_are_not
        test_a_run_of_a_partition_is_requested_in_the_tick_that_adds_it""",
    (30, "request for a partition just deleted"): """conformance/test_dynamic_partition_requests.py
        test_the_tick_fails_and_the_partition_stays""",
    (31, "logs of ticks"): """conformance/test_failed_ticks.py
        test_the_lines_of_a_tick_are_kept_with_it
        test_the_lines_of_a_failed_tick_are_kept_too""",
    (32, "run_tags replace tags"): """conformance/test_further_rows.py
        test_run_tags_replace_tags_on_runs_of_a_sensor""",
    (33, "more than 4 MB"): """conformance/test_requests_of_sensors.py
        test_an_evaluation_of_more_than_four_megabytes_is_requested_whole""",
    (34, "oversized requests"): """conformance/test_further_rows.py
        test_large_requests_are_launched_like_any_other""",
    (35, "definitions loaded anew in between"): """conformance/test_further_rows.py
        test_definitions_loaded_anew_in_mid_tick_lose_no_request""",
    (36, "crash before the runs"): """conformance/test_after_a_crash.py
        test_a_tick_cut_off_before_its_end_is_closed_and_a_fresh_one_starts
        test_the_time_of_the_last_finished_tick_is_not_that_of_an_interrupted_one""",
    (37, "crash after the requests"): """conformance/test_after_a_crash.py
        test_requested_runs_are_owed_after_a_crash_and_the_function_does_not_run_again""",
    (38, "crash before the launch"): """conformance/test_after_a_crash.py
        test_requested_runs_are_owed_after_a_crash_and_the_function_does_not_run_again""",
    (39, "crash after the launch"): """conformance/test_after_a_crash.py
        test_a_run_launched_before_the_crash_is_not_requested_again""",
    (40, "run status sensors: first tick, statuses"): """conformance/test_reactions_to_runs.py
        test_run_status_sensor_first_tick_begins_after_what_was_before_it
        test_run_status_sensor_fires_per_status
        test_run_failure_sensor_is_woken_by_the_failure_itself""",
    (41, "failure sensor that fails"): """conformance/test_reactions_to_runs.py
        test_run_failure_sensor_that_fails_is_recorded_and_the_next_event_handled""",
    (42, "filtered, more than a batch"): """conformance/test_reactions_to_runs.py
        test_run_failure_sensor_filtered_moves_over_other_jobs
        test_run_failure_sensor_overfetch_takes_what_is_left_in_the_next_tick""",
    (43, "order of events"): """conformance/test_reactions_to_runs.py
        test_run_status_sensor_interleave_goes_by_the_order_of_the_ends""",
    (44, "event of an unknown run"): """conformance/test_further_rows.py
        test_status_event_of_an_unknown_run_is_passed_over_and_the_cursor_moves""",
    (45, "selectors, own runs"): """conformance/test_further_rows.py
        test_cross_repository_selectors_go_by_the_name_of_the_job
        test_a_run_launched_by_the_sensor_does_not_trigger_it_if_its_job_is_not_monitored""",
    (46, "other instances"): """conformance/test_further_rows.py
        test_different_logs_do_not_leak_into_each_other""",
    (47, "exclusive parts of a result"): """core/test_sensor_result.py
        test_a_skip_reason_beside_requests_is_refused
        core/test_evaluate_tick.py
        test_a_cursor_in_the_result_and_one_updated_are_refused_together""",
    (48, "yield and return"): """core/test_evaluate_tick.py
        test_a_generator_may_yield_requests_and_return_one_more
        test_one_skip_reason_may_be_produced_in_many_ways""",
    (49, "sensor tags stay off runs"): """core/test_evaluate_tick.py
        test_the_tags_of_the_sensor_are_not_on_its_requests""",
    (50, "direct calls"): """core/test_sensor_invocation.py
        test_anything_but_one_context_is_refused
        core/test_sensor_context.py
        test_a_context_is_a_context_manager_that_yields_itself""",
    (51, "partitions in direct evaluations"): """conformance/test_partition_requests.py
        test_a_partition_that_does_not_exist_is_refused
        test_a_request_gets_the_partitions_config_and_tags
        conformance/test_dynamic_partition_requests.py
        test_a_key_of_the_same_result_is_found_and_tagged""",
    (52, "the two steps of a run status test"): """core/test_run_status_idioms.py
        test_the_first_tick_initialises_and_the_second_fires_for_the_run_between""",
    (53, "jobs of a definition, owners"): """core/test_sensor_definition.py
        test_several_jobs_have_no_single_one
        test_an_owner_is_an_address_or_a_team""",
}

#: Cases without a test, and why.
NOT_HERE = {54: "the exact output of the reference's command line; ours is in tests/cli"}


def test_every_case_is_pinned_or_has_a_reason() -> None:
    assert sorted([number for number, _ in PINNED] + list(NOT_HERE)) == list(range(1, 55))


@pytest.mark.parametrize("case", PINNED, ids=lambda case: f"{case[0]}: {case[1]}")
def test_the_tests_of_a_case_are_there(case: tuple[int, str]) -> None:
    there: set[str] = set()
    named: list[str] = []
    for word in PINNED[case].split():
        if word.endswith(".py"):
            there |= set(re.findall(r"def (test_\w+)\(", (TESTS / word).read_text()))
        else:
            named.append(word)

    assert named
    assert [name for name in named if name not in there] == []
