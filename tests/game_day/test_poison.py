"""Every queue gets what nobody can read; it is set aside with the reason, and disturbs nobody."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from infra.demo import bad_input
from infra.demo.feed import SOURCE
from runtime.core.watch.queues import PATIENCE_S
from tests.game_day.installation import Installation, Play
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import POISON
from tests.scripted_receiver import ScriptedReceiver

EVENTS: Final = 200
TOPIC: Final = "metric.game_day_signup"
AT_MOST_MIN: Final = 15
READ_S: Final = 600  # longer than the scene, so that no letter is read twice
# The codes that each dead-letter queue must hold at the end; the slow lane has none of its own.
EXPECTED: Final[Mapping[str, Counter[str]]] = {
    **bad_input.PARKED,
    "DeliverQueue": Counter({"not_json": 2}),
    "SyncQueue": Counter({"not_json": 1}),
}
DEAD_LETTERS: Final[Mapping[str, str]] = {"SyncQueue": "SyncDeadLetters"}


@pytest.mark.game_day
def test_poison_is_set_aside_with_a_reason_and_delays_nobody(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """Nothing of it is tried for ever, and a person hears of it."""
    tenant = installation.tenant("game-day-poison")
    letters = sum(codes.total() for codes in EXPECTED.values())
    with ScriptedReceiver() as server:
        signups = Endpoint(server=server, path="/signups")
        webhook = tenant.subscribe(signups, TOPIC)
        play = Play(installation=installation)

        _spoil(installation, tenant.name)
        accepted = tenant.send("signup", TOPIC, numbers=range(EVENTS))
        installation.wait("deliveries", lambda: len(signups.accepted) == EVENTS)
        installation.wait("dead letters", lambda: _count(installation) == letters)
        play.take_deployed()
        while "DeadLetters" not in play.alarms.on:
            assert play.minutes_since(play.began) < AT_MOST_MIN
            play.minute()

        codes = {queue: _codes(installation, queue) for queue in EXPECTED}
        assert codes == EXPECTED
        gone = play.at  # a person reads them, tells who sent them, and deletes them
        for queue in EXPECTED:
            installation.sqs.purge_queue(QueueUrl=_dead(installation, queue))
        while play.alarms.on:
            assert play.minutes_since(gone) < AT_MOST_MIN
            play.minute()
        deliveries = tenant.deliveries(webhook)
    assert signups.accepted.keys() == tenant.delivery_ids(accepted, webhook)
    statuses = Counter(each["status"] for each in deliveries)
    slowest_s = max(play.alarms.values("first_attempt_s"))
    report(
        Report(
            scene=POISON,
            accepted=len(accepted) + letters,
            ended={**statuses, "dead letters with a code": letters},
            heard=heard(play.fired(), began=play.began, ended=gone),
            noticed="Nothing. The slowest of the 200 events between the poison has its first"
            f" attempt {slowest_s:.1f} s after the bus got it.",
            recovery="there is none to wait for: poison is tried once, and what stands behind it"
            " goes on",
        )
    )


def _spoil(installation: Installation, tenant: str) -> None:
    """Put what nobody can read into the queues, onto the bus and into the tables."""
    for queue in PATIENCE_S:
        installation.sqs.send_message(
            QueueUrl=installation.queue_url(queue), MessageBody=bad_input.NOT_JSON
        )
    detail = {"id": "spoilt", "tenant": tenant, "properties": {}}
    entry = {"EventBusName": installation.ground.local.bus, "Source": SOURCE}
    entry |= {"DetailType": "metric.spoilt", "Detail": json.dumps(detail)}
    installation.ground.client("events").put_events(Entries=[entry])
    tables = installation.ground.client("dynamodb")
    names = tables.list_tables()["TableNames"]
    for table, key in bad_input.UNREADABLE.items():
        name = next(each for each in names if f"-{table}-" in each)
        tables.put_item(TableName=name, Item={part: {"S": text} for part, text in key.items()})


def _dead(installation: Installation, queue: str) -> str:
    return installation.queue_url(DEAD_LETTERS.get(queue, f"{queue}DeadLetters"))


def _count(installation: Installation) -> int:
    """How many dead letters there are."""
    queues = (_dead(installation, queue) for queue in EXPECTED)
    return sum(
        int(
            installation.sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]["ApproximateNumberOfMessages"]
        )
        for url in queues
    )


def _codes(installation: Installation, queue: str) -> Counter[str]:
    """The codes of a queue's dead letters."""
    codes: Counter[str] = Counter()
    while batch := installation.sqs.receive_message(
        QueueUrl=_dead(installation, queue),
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        VisibilityTimeout=READ_S,
    ).get("Messages"):
        codes.update(each["MessageAttributes"]["code"]["StringValue"] for each in batch)
    return codes
