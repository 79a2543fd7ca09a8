"""What the raw log says of a run: how it ended, and nothing that the code made."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.erasure import blank
from runtime.core.functions import raw_row
from runtime.core.functions.raw_row import RunChange
from runtime.core.functions.run import Outcome, Run
from runtime.core.json_text import dump
from tests.builders import NOW, NOW_MS, a_run


def change(before: Run | None, after: Run) -> RunChange:
    """A write of a record at a fixed time."""
    return RunChange(before=before, after=after, at=NOW)


def test_a_row_says_how_the_run_ended() -> None:
    """An analyst finds slow and failing versions without asking the API."""
    error = {"type": "KeyError", "message": "'ada@example.com'", "traceback": "…", "code": "late"}
    run = a_run(outcome=Outcome.RAISED, attempt=2, error=error)

    assert raw_row.of(change(a_run(), run)) == {
        "tenant": "acme",
        "run_id": run.id,
        "function_name": "vip-orders",
        "function_version": 1,
        "webhook_id": None,
        "event_id": "evt_1",
        "topic": "message.email.clicked",
        "outcome": "raised",
        "attempts": 2,
        "last_attempt_at": NOW,
        "duration_ms": 3.5,
        "engine": "restricted",
        "error_type": "KeyError",
        "error_code": "late",
        "revision": 2,
        "updated_at": NOW,
    }


def test_a_run_that_did_not_fail_has_no_error() -> None:
    """Absent, not empty: SQL counts NULLs."""
    row = raw_row.of(change(None, a_run()))

    assert row is not None
    assert row["error_type"] is row["error_code"] is None


def test_only_an_attempt_is_news() -> None:
    """Leases, new rounds and erasures change nothing that a row says."""
    run = a_run(outcome=Outcome.RAISED, error={"type": "KeyError", "message": "x"})

    assert raw_row.of(change(run, replace(run, due_at_ms=NOW_MS, replayed_after=1))) is None
    assert raw_row.of(change(run, blank.run(run))) is None


@given(text=st.text(min_size=20, max_size=40))
def test_nothing_that_the_code_made_is_in_a_row(text: str) -> None:
    """Outputs, logs, effects and messages may hold a person's data."""
    run = a_run(
        output=text,
        logs=({"message": text, "fields": {}, "at_ms": 1},),
        effects=({"op": "emit", "topic": "metric.x", "properties": {"a": text}},),
        error={"type": "E", "message": text, "traceback": text},
        http_calls=({"method": "GET", "host": text, "path": text, "status": 200, "ms": 1},),
        event={"id": "evt_1", "properties": {"a": text}},
    )
    row = raw_row.of(change(None, run))

    assert row is not None
    assert text not in dump(row)
    assert text not in row.values()


def test_an_errors_class_is_cut_like_everywhere() -> None:
    """Code can name a class as it likes; a column of a warehouse has a width."""
    row = raw_row.of(change(None, a_run(error={"type": "E" * 5000})))

    assert row is not None
    assert row["error_type"] == "E" * 100
