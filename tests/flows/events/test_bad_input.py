"""Bad input: a clear code, a place where it ended, and neighbours that went through."""

import pytest

from runtime.core.deliveries import messages
from runtime.core.json_text import dump
from runtime.core.profiles import profile
from runtime.stores.webhooks.webhooks import Webhooks
from tests.bad_bus_events import BAD, damaged
from tests.builders import (
    TENANT,
    a_bus_event,
    a_deliver_message,
    a_run_message,
    a_webhook,
    an_envelope,
    an_event,
)
from tests.cloud import Cloud
from tests.flows.bus import call, parked

FUNCTIONS = ["fanout", "project_profile", "archive"]


@pytest.mark.parametrize("function", FUNCTIONS)
class TestBadRecords:
    """Every reader of the bus treats them alike."""

    @pytest.mark.parametrize(("body", "code"), BAD.values(), ids=BAD.keys())
    def test_a_bad_record_is_parked_at_once_with_its_code(
        self, cloud: Cloud, function: str, body: str, code: str
    ) -> None:
        """Not after five receives: it would hold up its neighbours each time."""
        assert [] == call(cloud, function, body)

        assert [code] == parked(cloud, function)
        assert [] == cloud.received("deliver")

    def test_the_parked_record_is_whole(self, cloud: Cloud, function: str) -> None:
        """It can be mended and redriven."""
        call(cloud, function, damaged(id=...))

        (record,) = cloud.received(f"{function}-dead")
        assert damaged(id=...) == record["Body"]
        reason = record["MessageAttributes"]["reason"]["StringValue"]
        assert reason.startswith("id: is missing")


class TestNeighbours:
    """A bad record in a batch."""

    def test_the_others_are_delivered(self, cloud: Cloud) -> None:
        """One producer's fault is not another's loss."""
        Webhooks(config=cloud.config).add(a_webhook())
        good = [dump(a_bus_event(an_envelope(id=f"evt_{n}"))) for n in range(3)]

        assert [] == call(cloud, "fanout", good[0], damaged(id=...), "garbage", *good[1:])

        hints = [messages.parse_deliver(m["Body"]) for m in cloud.received("deliver")]
        assert {"evt_0", "evt_1", "evt_2"} == {hint.event_id for hint in hints}
        assert ["missing_id", "not_json"] == parked(cloud, "fanout")

    def test_the_others_reach_their_profiles(self, cloud: Cloud) -> None:
        """Profiles as well as deliveries."""
        good = a_bus_event(an_envelope(topic="profile.updated", properties={"vip": True}))

        assert [] == call(cloud, "project_profile", damaged(tenant=...), good)

        known = cloud.profiles.find(TENANT, str(profile.id_of(an_event())))
        assert known is not None
        assert {"vip": True} == known.properties

    def test_a_duplicate_id_is_the_same_event(self, cloud: Cloud) -> None:
        """Twice on the bus, one delivery id: the second adds nothing."""
        Webhooks(config=cloud.config).add(a_webhook())

        call(cloud, "fanout", a_bus_event(), a_bus_event({**an_envelope(), "properties": {}}))

        hints = [messages.parse_deliver(m["Body"]) for m in cloud.received("deliver")]
        assert 1 == len({hint.delivery_id for hint in hints})
        assert [] == parked(cloud, "fanout")

    def test_a_replayed_event_makes_the_same_ids(self, cloud: Cloud) -> None:
        """A replay is a redelivery, whenever it comes."""
        Webhooks(config=cloud.config).add(a_webhook())

        call(cloud, "fanout", a_bus_event(), a_bus_event(**{"replay-name": "again"}))

        hints = [messages.parse_deliver(m["Body"]) for m in cloud.received("deliver")]
        assert 1 == len({hint.delivery_id for hint in hints})


class TestBadHints:
    """Work queues are ours alone; what is on them may still be wrong."""

    @pytest.mark.parametrize("function", ["run", "deliver"])
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("garbage", "not_json"),
            ("{}", "bad_message"),
            (dump({**a_deliver_message().to_json(), "v": 9}), "bad_message"),
            (dump({**a_run_message().to_json(), "extra": 1}), "bad_message"),
        ],
    )
    def test_a_bad_hint_is_parked(self, cloud: Cloud, function: str, body: str, code: str) -> None:
        """A version from the future, or a hand that wrote to the queue."""
        assert [] == call(cloud, function, body)

        assert [code] == parked(cloud, function)

    def test_another_functions_hint_is_parked(self, cloud: Cloud) -> None:
        """Each queue has its own kind."""
        call(cloud, "run", a_deliver_message().to_json())
        call(cloud, "deliver", a_run_message().to_json())

        assert (["bad_message"], ["bad_message"]) == (
            parked(cloud, "run"),
            parked(cloud, "deliver"),
        )


class TestOurFaults:
    """What is not the record's fault."""

    def test_when_the_platform_fails_the_record_comes_again(self, cloud: Cloud) -> None:
        """A table that is not there is no reason to park anybody's event."""
        cloud.clients.dynamodb.delete_table(TableName=cloud.config.table.name)

        assert ["message-0"] == call(cloud, "fanout", a_bus_event(), "garbage")

        assert ["not_json"] == parked(cloud, "fanout")

    def test_when_parking_fails_the_record_comes_again(self, cloud: Cloud) -> None:
        """The dead-letter queue is the last place: until it is there, it stays here."""
        url = cloud.queue_url("fanout-dead")
        cloud.clients.sqs.delete_queue(QueueUrl=url)

        assert ["message-0"] == call(cloud, "fanout", "garbage")
