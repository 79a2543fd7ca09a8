"""An event that gives way is on the queue or is matched, wherever its worker dies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from functions._batch import BatchHandler
from runtime.core import ids
from runtime.core.events import bus_event
from runtime.core.json_text import dump, load
from runtime.core.pacing.noisy import NOISY_FROM
from runtime.stores.queues import Backlog
from runtime.usecases.matching.fan_out import FanOut
from runtime.usecases.pacing.give_way import GiveWay
from runtime.wiring.worker import Worker
from tests.builders import a_bus_event, a_webhook, an_envelope, an_sqs_event
from tests.cloud import Cloud
from tests.doubles import FakeClock, Journal, MemoryErasures, MemoryWebhooks
from tests.mortal import KilledError, Life, mortal

NOISY: Final = "acme"
QUIET: Final = "globex"
BATCH: Final = 10
Handler = BatchHandler[str]


def texts(tenant: str, *numbers: int) -> list[str]:
    """Messages of the bus."""
    return [dump(a_bus_event(an_envelope(id=f"evt_{n}", tenant=tenant))) for n in numbers]


def a_worker(cloud: Cloud, life: Life) -> Handler:
    """A process that has seen enough to know who is noisy; its calls are those of the life."""
    clock = FakeClock()
    clock.advance(60)
    match, deliver = (cloud.queue(name) for name in ("match", "deliver"))
    events = cloud.events
    work = FanOut(
        events=replace(
            events, table=replace(events.table, client=mortal(events.table.client, life))
        ),
        subscriptions=MemoryWebhooks(
            *(a_webhook(id=f"whk_{tenant}", tenant=tenant) for tenant in (NOISY, QUIET))
        ),
        deliver=replace(
            cloud.hints("deliver"), queue=replace(deliver, client=mortal(deliver.client, life))
        ),
        run=cloud.hints("run"),
        erasures=MemoryErasures(),
        clock=clock,
        journal=Journal(),
    )
    give_way = GiveWay(
        backlog=Backlog(queue=replace(match, client=mortal(match.client, life))),
        tenant_of=bus_event.tenant_of,
        has_others=lambda: True,
        clock=clock,
        journal=Journal(),
    )
    worker = Handler(
        lambda _journal: Worker(
            decode=str, work=work, park=cloud.parked("dead").park, give_way=give_way
        )
    )
    for first in range(0, NOISY_FROM - BATCH, BATCH):
        worker(an_sqs_event(*texts(NOISY, *range(first, first + BATCH))), None)
    return worker


def received(cloud: Cloud) -> dict[str, Any]:
    """What stands on the queue, as Lambda hands it over."""
    waiting = cloud.received("match")
    records = an_sqs_event(*(each["Body"] for each in waiting))
    for record, message in zip(records["Records"], waiting, strict=True):
        record["messageAttributes"] = message["MessageAttributes"]
    return records


def matched(cloud: Cloud) -> set[str]:
    """The ids of the deliveries that were asked for."""
    return {load(each["Body"])["delivery_id"] for each in cloud.received("deliver")}


def delivery_ids(tenant: str, numbers: Sequence[int]) -> set[str]:
    """The ids of the deliveries of these events."""
    return {ids.delivery_id(tenant, f"evt_{n}", f"whk_{tenant}") for n in numbers}


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("last_call", range(1, 4))
def test_a_killed_process_loses_no_event_that_gives_way(
    cloud: Cloud, last_call: int, *, took_effect: bool
) -> None:
    """The batch comes again, to another process; so do those that are on the queue by then."""
    noisy, quiet = range(100, 100 + BATCH), range(5)
    batch = an_sqs_event(*texts(NOISY, *noisy), *texts(QUIET, *quiet))
    life = Life(-1, took_effect=took_effect)
    worker = a_worker(cloud, life)
    life.calls_left = last_call
    with pytest.raises(KilledError):
        worker(batch, None)

    again = a_worker(cloud, Life(-1, took_effect=True))
    assert {"batchItemFailures": []} == again(batch, None)
    assert {"batchItemFailures": []} == again(received(cloud), None)

    assert [] == cloud.received("match")  # what has given way does not give way again
    assert delivery_ids(NOISY, noisy) | delivery_ids(QUIET, quiet) <= matched(cloud)


def test_such_a_batch_takes_three_calls(cloud: Cloud) -> None:
    """So the test above kills at each: what gives way, and what stays, kept and sent."""
    life = Life(1_000, took_effect=True)
    worker = a_worker(cloud, life)
    before = life.calls_left

    worker(an_sqs_event(*texts(NOISY, *range(100, 100 + BATCH)), *texts(QUIET, 1)), None)

    assert 3 == before - life.calls_left
