"""After a run that was not the last word, the next one comes when it may help."""

import pytest

from runtime.core.json_text import dump
from runtime.core.warehouse import follow_up
from runtime.core.warehouse.follow_up import MAX_FOLLOW_UPS
from runtime.core.warehouse.messages import SyncMessage, parse_sync
from runtime.core.warehouse.plan import LoadState
from runtime.errors import BadInput, Permanent, Transient
from tests.warehouse_records import a_load


def _message(*, follow_up: int = 0, trigger: str = "schedule") -> SyncMessage:
    return SyncMessage(tenant="acme", sync_id="syn_1", trigger=trigger, follow_up=follow_up)


def _failed(code: str) -> list[int | None]:
    load = a_load(state=LoadState.FAILED, error="no", error_code=code)
    return [
        follow_up.after_load(_message(follow_up=n), load, has_more=False)
        for n in range(MAX_FOLLOW_UPS + 1)
    ]


@pytest.mark.parametrize("code", ["busy", "lost", "missing_table", "unknown"])
def test_what_a_warehouse_may_get_over_is_tried_later_and_later_and_then_at_the_next_slot(
    code: str,
) -> None:
    """A lock is over in a minute, a resize in a quarter of an hour."""
    assert [60, 120, 240, 480, *[900] * (MAX_FOLLOW_UPS - 4), None] == _failed(code)


@pytest.mark.parametrize("code", ["permission", "missing_file", "data", "already_loaded"])
def test_what_somebody_has_to_mend_waits_for_the_next_slot(code: str) -> None:
    """Each try wakes the warehouse, and the tenant pays for that."""
    assert {None} == set(_failed(code))


@pytest.mark.parametrize(
    "state", [LoadState.PLANNED, LoadState.STAGED, LoadState.SUBMITTED, LoadState.COMMITTED]
)
def test_a_load_on_its_way_is_looked_at_again(state: LoadState) -> None:
    """Nobody else may tell of its end."""
    assert 60 == follow_up.after_load(_message(), a_load(state=state), has_more=False)


def test_a_backlog_goes_on_at_once_until_aws_would_stop_it() -> None:
    """Who sends to his own queue is stopped after some rounds; the next slot goes on."""
    load = a_load(state=LoadState.LOADED)

    assert 0 == follow_up.after_load(_message(), load, has_more=True)
    assert follow_up.after_load(_message(), load, has_more=False) is None
    last = _message(follow_up=MAX_FOLLOW_UPS)
    assert follow_up.after_load(last, load, has_more=True) is None


def test_the_platforms_trouble_is_tried_again_and_a_refusal_is_not() -> None:
    """The branch of an error decides, as everywhere."""
    assert 60 == follow_up.after_error(_message(), Transient("try again"))
    assert follow_up.after_error(_message(), Permanent("never")) is None


def test_behind_another_run_only_what_somebody_asked_for_is_repeated() -> None:
    """Whoever took over does a slot's work; what somebody waits for may have come too late."""
    problem = Transient("somebody else is at it", code="lease_lost")

    assert follow_up.after_error(_message(), problem) is None
    assert 60 == follow_up.after_error(_message(trigger="api"), problem)


@pytest.mark.parametrize("trigger", ["schedule", "api"])
def test_what_finds_the_sync_busy_comes_again(trigger: str) -> None:
    """An erasure or the compaction may be at its files: they load nothing, and a day is long."""
    problem = Transient("somebody else is at it", code="sync_busy")

    assert 60 == follow_up.after_error(_message(trigger=trigger), problem)


def test_a_message_is_read_as_it_was_sent() -> None:
    """Producer and reader are two processes."""
    message = _message(follow_up=3)

    assert message == parse_sync(dump(message.to_json()))


def test_the_event_of_a_statements_end_names_its_sync() -> None:
    """The warehouse knows no more of it than the name that the load has given its statement."""
    detail = {"statementId": "1", "statementName": f"myload/{a_load().name}", "state": "FINISHED"}

    assert _message(trigger="statement") == parse_sync(dump(detail))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"statementName":"penstock/other"}',
        '{"statementName":"penstock/other/acme/syn_1/1"}',
        '{"statementName":7}',
        "syn_1",
        '{"v":2,"kind":"sync","tenant":"acme","sync_id":"syn_1","trigger":"api"}',
        '{"v":1,"kind":"run","tenant":"acme","sync_id":"syn_1","trigger":"api"}',
        '{"v":1,"kind":"sync","tenant":"acme","trigger":"api"}',
        '{"v":1,"kind":"sync","tenant":"acme","sync_id":7,"trigger":"api"}',
        '{"v":1,"kind":"sync","tenant":"acme","sync_id":"syn_1","trigger":"api","follow_up":true}',
        '{"v":1,"kind":"sync","tenant":"acme","sync_id":"syn_1","trigger":"api","more":1}',
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    """It is parked, where a person finds it, and never guessed at."""
    with pytest.raises(BadInput):
        parse_sync(text)
