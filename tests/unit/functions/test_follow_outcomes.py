"""How deliveries and runs get into the raw log, as Lambda is told of their writes."""

import json
from dataclasses import replace

import pytest

from functions._stream import StreamHandler
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from runtime.usecases.archive.archive_outcomes import Change
from runtime.wiring.outcomes import build_follower
from tests.builders import NOW_MS, a_delivery, a_run, an_attempt
from tests.cloud import Cloud
from tests.streams import a_delivery_record, a_removal, a_run_record, by_queue, install, rows

DONE = {"batchItemFailures": list[object]()}
Handler = StreamHandler[Change]


@pytest.fixture
def follow(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Handler:
    """The function, as after a cold start."""
    install(cloud, monkeypatch)
    return StreamHandler(build_follower)


def test_each_step_of_a_delivery_is_a_row_and_its_last_one_has_the_highest_revision(
    cloud: Cloud, follow: Handler
) -> None:
    """However often and in which order the rows come, a load can tell how it stands."""
    waits = a_delivery(body="ada@example.com " * 200)
    leased = replace(waits, due_at_ms=NOW_MS + 60_000)
    delivered = replace(
        waits,
        status=Status.DELIVERED,
        attempts=(*waits.attempts, an_attempt(number=2)),
        due_at_ms=None,
        revision=1,
    )
    records = [
        a_delivery_record(None, waits),
        a_delivery_record(waits, leased),
        a_delivery_record(leased, delivered),
        a_removal(a_delivery_record(None, delivered)),
    ]

    assert follow({"Records": records}, None) == DONE

    assert [("pending", 0), ("delivered", 1)] == [
        (row["status"], row["revision"]) for row in rows(cloud)
    ]
    assert "ada@example.com" not in json.dumps(rows(cloud))


def test_each_attempt_of_a_run_is_a_row(cloud: Cloud, follow: Handler) -> None:
    """A retry does not hide that the first attempt failed until it has ended itself."""
    retries = a_run(outcome=Outcome.RETRY, due_at_ms=NOW_MS)
    leased = replace(retries, due_at_ms=NOW_MS + 60_000)
    records = [
        a_run_record(None, retries),
        a_run_record(retries, leased),
        a_run_record(leased, a_run(attempt=2)),
    ]

    assert follow({"Records": records}, None) == DONE

    assert [("retry", 1), ("returned", 2)] == [
        (row["outcome"], row["revision"]) for row in rows(cloud)
    ]


def test_what_else_the_tables_hold_is_no_outcome(cloud: Cloud, follow: Handler) -> None:
    """A rate limit's counter stands beside the deliveries and changes with each of them."""
    counter = a_delivery_record(None, a_delivery(id="rate#acme#whk_1#50"))

    assert follow({"Records": [counter]}, None) == DONE
    assert [] == rows(cloud)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (a_delivery_record(None, a_delivery()), "unreadable_delivery"),
        (a_run_record(None, a_run()), "unreadable_run"),
    ],
)
def test_a_record_that_no_code_can_read_is_parked_whole(
    cloud: Cloud, follow: Handler, record: dict[str, dict[str, dict[str, object]]], code: str
) -> None:
    """Neither lost nor in the way of the others."""
    good = a_run_record(None, a_run(id="run_good"))
    told = {**record["dynamodb"]}
    told["NewImage"] = {name: held for name, held in told["NewImage"].items() if name != "event_id"}

    assert follow({"Records": [{**record, "dynamodb": told}, good]}, None) == DONE
    assert follow(by_queue(cloud.received("aside")), None) == DONE

    assert ["run_good"] == [row["run_id"] for row in rows(cloud)]
    (parked,) = cloud.received("dead")
    assert code == parked["MessageAttributes"]["code"]["StringValue"]
    assert told == json.loads(parked["Body"])
