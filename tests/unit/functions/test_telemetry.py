"""What a function writes to its log: all that an operator needs, and no byte that says nothing."""

import io
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions import _telemetry
from runtime.core import ids
from runtime.core.deliveries.attempt import Answered, Delivered, Failed, Judgement, Posted, RetryAt
from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.recording import after, line
from runtime.core.timestamps import moment
from tests.builders import NOW, NOW_MS, TENANT, a_delivery

LINE_BYTES = 370  # of an attempt with its share of the metrics; more is a price for everybody
KEPT = {"dns_ms": 0.0, "connect_ms": 0.0, "tls_ms": 0.0, "first_byte_ms": 251.4, "total_ms": 252.3}
NEW = {"dns_ms": 3.1, "connect_ms": 21.7, "tls_ms": 44.2, "first_byte_ms": 73.6, "total_ms": 142.8}


def an_attempts_line(
    happening: Answered | Failed, judgement: Judgement, timing: Mapping[str, float]
) -> dict[str, Any]:
    """The line of a first attempt, with names as long as they usually are."""
    webhook_id, event_id = ids.derive("whk", "1"), ids.derive("evt", "1")
    new = a_delivery(
        id=ids.delivery_id(TENANT, event_id, webhook_id),
        webhook_id=webhook_id,
        event_id=event_id,
        status=Status.PENDING,
        topic="metric.placed_order",
        attempts=(),
    )
    posted = Posted(happening=happening, timing_ms={**timing, "reused": timing is KEPT})
    return line(after(new, posted, judgement, started=moment(NOW)), posted, recorded=True)


TAKEN = an_attempts_line(Answered(status=200), Delivered(), KEPT)
REFUSED = an_attempts_line(Answered(status=503), RetryAt(NOW_MS + 5000), NEW)
UNREACHED = an_attempts_line(
    Failed(code="connect_timeout", sentence="no connection within 10 s"), RetryAt(NOW_MS), {}
)


@pytest.fixture(autouse=True)
def _nothing_counted_before(capsys: pytest.CaptureFixture[str]) -> None:
    """Other tests of this process may have journalled and not counted."""
    _telemetry.count(records=1)
    capsys.readouterr()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines so far, each of them JSON."""
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def test_an_attempts_line_is_what_tells_it_from_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Constants, nulls and parts that took no time are left out."""
    _telemetry.journal(TAKEN)
    [told] = written(capsys)

    assert told.pop("timestamp")
    assert told == {
        "message": "delivery.attempted",
        "tenant": TENANT,
        "webhook_id": ids.derive("whk", "1"),
        "delivery_id": ids.delivery_id(TENANT, ids.derive("evt", "1"), ids.derive("whk", "1")),
        "event_id": ids.derive("evt", "1"),
        "topic": "metric.placed_order",
        "attempt": 1,
        "outcome": "delivered",
        "status": 200,
        "total_ms": 252,
    }


def test_what_went_wrong_is_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its code, when it is tried again, and where the time of a new connection went."""
    for each in (REFUSED, UNREACHED):
        _telemetry.journal(each)
    refused, unreached = written(capsys)

    assert (refused["outcome"], refused["status"], refused["error"]) == ("pending", 503, "http_503")
    assert refused["due_at_ms"] == NOW_MS + 5000
    assert {name: refused[name] for name in refused if name.endswith("_ms")} == {
        "due_at_ms": NOW_MS + 5000,
        "dns_ms": 3,
        "connect_ms": 22,
        "tls_ms": 44,
        "total_ms": 143,
    }
    assert (unreached["error"], unreached["total_ms"]) == ("connect_timeout", 0)
    assert "status" not in unreached


def test_lambda_need_not_add_a_time_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """It does to a line that has none in the form of RFC 3339, and bills its bytes."""
    [handler] = [h for h in _telemetry.logger.handlers if isinstance(h, logging.StreamHandler)]
    trouble = io.StringIO()
    was = handler.setStream(trouble)
    try:
        _telemetry.journal(TAKEN)
        _telemetry.logger.error("record.failed")
    finally:
        handler.setStream(was)

    for told in (*written(capsys), json.loads(trouble.getvalue())):
        assert datetime.fromisoformat(told["timestamp"]).utcoffset() is not None
        assert "T" in told["timestamp"]


def test_ten_attempts_and_their_metrics_are_within_their_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What each of a million deliveries is billed for."""
    for _ in range(10):
        _telemetry.journal({**TAKEN, "since_accepted_s": 0})
    _telemetry.count(records=10, failed=0)

    out = capsys.readouterr().out
    assert len(out.splitlines()) == 11
    assert len(out.encode()) <= 10 * LINE_BYTES


def test_an_invocation_counts_what_there_was(capsys: pytest.CaptureFixture[str]) -> None:
    """In CloudWatch's embedded format, without what did not happen."""
    for each in (TAKEN, TAKEN, REFUSED):
        _telemetry.journal(each)
    _telemetry.count(records=3, failed=0, seconds=0.25)
    told = written(capsys)[-1]

    [directive] = told.pop("_aws")["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == told.keys() - {"service"}
    assert (directive["Namespace"], directive["Dimensions"]) == ("Penstock", [["service"]])
    assert told == {
        "service": "local",
        "attempt_ms": [252, 252, 143],
        "delivery_attempted_delivered": 2,
        "delivery_attempted_pending": 1,
        "records": 3,
        "seconds": 0.25,
    }


def test_a_line_may_have_metrics_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Of all that it is about together, and of each by the fields that it names."""
    line = {"message": "sync.ended", "sync_id": "syn_1", "measures": {"sync.failed": 1}}
    _telemetry.journal({**line, "measured_by": ("sync_id",)})
    _telemetry.journal({**line, "measures": {"sync.lag_s": 90}})
    each, together = written(capsys)

    [directive] = each.pop("_aws")["CloudWatchMetrics"]
    assert [["service"], ["service", "sync_id"]] == directive["Dimensions"]
    assert [{"Name": "sync.failed", "Unit": "Count"}] == directive["Metrics"]
    assert ("syn_1", 1, "local") == (each["sync_id"], each["sync.failed"], each["service"])
    assert not {"measures", "measured_by"} & each.keys()
    [directive] = together["_aws"]["CloudWatchMetrics"]
    assert [["service"]] == directive["Dimensions"]
    assert [{"Name": "sync.lag_s", "Unit": "Seconds"}] == directive["Metrics"]


def test_a_line_may_have_metrics_of_the_installation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whichever function writes them, because an alarm is paid for each metric that it reads."""
    _telemetry.journal({"message": "queues.watched", "measures_of_all": {"dead_letters": 3}})
    _telemetry.journal({"message": "syncs.checked", "measures_of_all": {}})
    line, without = written(capsys)

    [directive] = line.pop("_aws")["CloudWatchMetrics"]
    assert [[]] == directive["Dimensions"]
    assert {"message": "queues.watched", "dead_letters": 3} == {
        name: line[name] for name in line if name != "timestamp"
    }
    assert "_aws" not in without


def test_how_long_a_first_attempt_waited_is_a_metric_and_no_part_of_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each byte of the line of each attempt is paid for."""
    for waited_s in (0, 12):
        _telemetry.journal({**TAKEN, "since_accepted_s": waited_s})
    _telemetry.count(records=2)
    *lines, counted = written(capsys)

    assert all("since_accepted_s" not in line for line in lines)
    assert [0, 12] == counted["first_attempt_s"]


def test_metrics_of_a_line_are_written_at_every_log_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An alarm must not fall silent because somebody wants a shorter log."""
    was = _telemetry.logger.log_level
    _telemetry.logger.setLevel(logging.WARNING)
    try:
        _telemetry.journal({"message": "sync.ended", "measures": {"sync.failed": 1}})
    finally:
        _telemetry.logger.setLevel(was)

    assert [1] == [line["sync.failed"] for line in written(capsys)]


def test_nothing_is_counted_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """The next invocation begins anew, and one without anything to tell writes no line."""
    _telemetry.journal(TAKEN)
    _telemetry.count(records=1)
    _telemetry.count(records=0)
    _telemetry.count(records=2)

    *_, last = written(capsys)
    assert last["records"] == 2
    assert "attempt_ms" not in last


def test_a_line_is_written_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A lone surrogate, or a value that is no JSON, must not make an attempt fail."""
    _telemetry.journal({"message": "odd", "event_id": "evt_\ud800é", "when": moment(NOW)})

    [told] = written(capsys)
    assert (told["event_id"], told["when"]) == ("evt_\ud800é", "2026-11-20 13:04:05.123000+00:00")


def test_an_admin_can_turn_the_lines_off(capsys: pytest.CaptureFixture[str]) -> None:
    """By the log level, as of any function; the metrics stay."""
    was = _telemetry.logger.log_level
    _telemetry.logger.setLevel(logging.WARNING)
    try:
        _telemetry.journal(TAKEN)
        _telemetry.count(records=1)
    finally:
        _telemetry.logger.setLevel(was)

    [metrics] = written(capsys)
    assert metrics["records"] == 1
