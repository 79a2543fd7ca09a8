"""`penstock admin replay`: the events of a time reach one subscriber, and nobody else again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.main import main
from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.page import Page
from runtime.core.timestamps import moment, timestamp
from runtime.stores.functions.functions import Functions
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.matching.replay_events import ReplayEvents
from tests.builders import NOW, TENANT, a_function, a_webhook, an_event
from tests.cloud import Cloud, in_process
from tests.doubles import FakeClock
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from runtime.core.deliveries.messages import DeliverMessage
    from runtime.core.functions.messages import RunMessage

START = moment(NOW)
QUEUES = ("DeliverQueue", "RunQueue")


def at(minutes: float) -> str:
    """A time after the start."""
    return timestamp(START + timedelta(minutes=minutes))


class Kept:
    """Events as their store lists them: the newest first, in pages that may be short."""

    def __init__(self, *events: Event) -> None:
        self.events = sorted(events, key=lambda each: each.received_at, reverse=True)

    def list(
        self, tenant: str, *, since: str, until: str, after: str | None, limit: int
    ) -> Page[Event]:
        """Two at a time, whatever the limit."""
        assert limit
        found = [e for e in self.events if e.tenant == tenant and since <= e.received_at <= until]
        start = int(after or 0)
        more = str(start + 2) if start + 2 < len(found) else None
        return Page(items=tuple(found[start : start + 2]), after=more)


def replayed(kept: Kept, *, since: str, until: str) -> list[str]:
    """The ids of the events that a webhook gets, in order."""
    clock = FakeClock()
    deliver: VirtualQueue[DeliverMessage] = VirtualQueue(clock)
    run: VirtualQueue[RunMessage] = VirtualQueue(clock)
    replay = ReplayEvents(events=kept, deliver=deliver, run=run)
    *_, last = replay(a_webhook(), since=since, until=until)
    assert until == last.until
    assert len(deliver.sent) == last.matched
    return [message.event_id for message, _ in deliver.sent]


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 100), max_size=20, unique=True),
    st.integers(0, 100),
    st.integers(1, 100),
)
def test_each_event_of_the_time_comes_once_the_oldest_first(
    minutes: list[int], since: int, length: int
) -> None:
    """Also those at the edges of what is read at once; the end itself is of the next time."""
    kept = Kept(*(an_event(id=f"evt_{m}", received_at=at(m)) for m in minutes))

    got = replayed(kept, since=at(since), until=at(since + length))

    assert [f"evt_{m}" for m in sorted(minutes) if since <= m < since + length] == got


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with an installed stack, in which two events are kept."""
    with in_process() as account:
        account.events.put([an_event(), an_event(id="evt_2", topic="metric.other")])
        outputs = {
            "ConfigTable": account.config.table.name,
            "AuditTable": account.audit.table.name,
            "EventsTable": account.events.table.name,
            "Bucket": account.bucket.name,
        }
        queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
        template = {
            "Resources": dict.fromkeys(QUEUES, queue),
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        yield account


def received(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """The messages in the queue that the template calls so."""
    sqs = cloud.clients.sqs
    [url] = [url for url in sqs.list_queues()["QueueUrls"] if f"-{name}-" in url]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


def command(*more: str) -> tuple[str, ...]:
    """The command for the hour of the events."""
    times = ("--since", NOW, "--until", at(60))
    return ("admin", "replay", "--tenant", TENANT, *times, "--stack", "penstock", *more)


def test_a_webhook_of_today_gets_the_events_of_before_under_their_own_ids(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The id is that of the delivery that matching would have made, so nothing comes twice."""
    webhook = a_webhook(created_at=at(600))
    Webhooks(config=cloud.config).add(webhook)

    code = main([*command("--webhook", webhook.id, "--json")])

    document = json.loads(capsys.readouterr().out)
    assert (0, 2, 1) == (code, document["looked_at"], document["matched"])
    [message] = received(cloud, "DeliverQueue")
    assert ids.delivery_id(TENANT, "evt_1", webhook.id) == message["delivery_id"]


def test_a_function_of_today_runs_on_the_events_of_before(cloud: Cloud) -> None:
    """And so does the one in a webhook's path, for that webhook."""
    Functions(config=cloud.config).add(a_function())
    transformed = replace(a_webhook(), transform="vip-orders")
    Webhooks(config=cloud.config).add(transformed)

    assert 0 == main([*command("--function", "vip-orders")])
    assert 0 == main([*command("--webhook", transformed.id)])

    runs = received(cloud, "RunQueue")
    assert {None, transformed.id} == {message["webhook_id"] for message in runs}
    assert [] == received(cloud, "DeliverQueue")


@pytest.mark.parametrize(
    ("more", "exit_code", "says"),
    [
        ((), 2, "name the webhook or the function"),
        (("--webhook", "whk_1", "--function", "vip"), 2, "name the webhook or the function"),
        (("--webhook", "whk_1", "--until", NOW), 2, "--since must be before --until"),
        (("--webhook", "whk_none"), 1, "no such webhook"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_what_is_wrong_is_said_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], more: tuple[str, ...], exit_code: int, says: str
) -> None:
    """A mistyped id must not look like a time without events."""
    assert exit_code == main([*command(*more)])
    assert says in capsys.readouterr().err
