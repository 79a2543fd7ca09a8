"""Queues, bus and secrets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.deliveries.messages import parse_deliver
from runtime.core.functions.messages import parse_run
from runtime.core.pacing.noisy import GAVE_WAY
from runtime.errors import BadInput
from runtime.stores import queues
from runtime.stores.queues import Backlog, Outgoing
from runtime.stores.secrets import Unsealable
from tests.builders import TENANT, a_deliver_message, a_run_message, an_event
from tests.cloud import Cloud


class TestQueueContract:
    """Sending."""

    def test_every_message_arrives(self, cloud: Cloud) -> None:
        """More than a batch holds, each in the fair-queue group of its webhook."""
        sent = [a_deliver_message(delivery_id=f"dlv_{n}", attempt=n + 1) for n in range(11)]
        cloud.hints("deliver").send(sent)

        received = cloud.received("deliver")

        arrived = [parse_deliver(message["Body"]) for message in received]
        assert sent == sorted(arrived, key=lambda message: message.attempt)
        assert {"acme#whk_1"} == {message["Attributes"]["MessageGroupId"] for message in received}

    def test_an_event_that_gives_way_comes_again_in_its_tenants_group(self, cloud: Cloud) -> None:
        """Behind those that the bus has put there, which have no group."""
        backlog = Backlog(queue=cloud.queue("match"))
        cloud.queue("match").send([Outgoing(body="of the bus")])
        moved = backlog.put_last([(TENANT, f"number {number}") for number in range(11)])

        received = {each["Body"]: each for each in cloud.received("match")}
        first = received.pop("of the bus")
        assert ([True] * 11, 11) == (moved, len(received))
        assert "MessageGroupId" not in first["Attributes"]
        assert {TENANT} == {each["Attributes"]["MessageGroupId"] for each in received.values()}
        assert {(GAVE_WAY,)} == {tuple(each["MessageAttributes"]) for each in received.values()}

    def test_a_delayed_hint_is_not_seen_before_its_time(self, cloud: Cloud) -> None:
        """Short retries wait on the queue itself."""
        cloud.hints("run").send([a_run_message()], delay_s=900)

        assert [] == cloud.received("run")

    def test_characters_that_sqs_refuses_arrive(self, cloud: Cloud) -> None:
        """JSON allows U+FFFF, SQS does not; an event must not be lost over it."""
        event = an_event(properties={"text": "\uffff \ufffe \u0001 é"}).to_json()
        cloud.hints("run").send([a_run_message(event=event)])

        (received,) = cloud.received("run")

        assert event == parse_run(received["Body"]).event

    def test_a_batch_has_room_for_the_escapes_of_such_characters(self, cloud: Cloud) -> None:
        """An escape is twice as long as its character; a batch too long would be sent for ever."""
        event = an_event(properties={"text": "\uffff" * 80_000}).to_json()
        cloud.hints("run").send([a_run_message(event=event)] * 3)

        arrived = cloud.received("run")

        assert [event] * 3 == [parse_run(message["Body"]).event for message in arrived]

    def test_parked_records_keep_their_bytes_and_say_why(self, cloud: Cloud) -> None:
        """Someone is to mend and redrive them."""
        cloud.parked("dead").park("{not json", code="not_json", reason="not JSON: é\n" + "x" * 999)

        (received,) = cloud.received("dead")

        attributes = received["MessageAttributes"]
        assert ("{not json", "not_json") == (received["Body"], attributes["code"]["StringValue"])
        assert attributes["reason"]["StringValue"].startswith("not JSON: ??x")

    def test_a_message_too_large_for_any_batch_is_refused(self, cloud: Cloud) -> None:
        """Trying again would not make it smaller."""
        with pytest.raises(BadInput) as refusal:
            cloud.queue("deliver").send([Outgoing(body="x" * (queues.MAX_BATCH_BYTES + 1))])

        assert "too_large" == refusal.value.code


class TestBatches:
    """How messages are packed."""

    @given(st.lists(st.integers(1, queues.MAX_BATCH_BYTES), max_size=40))
    def test_batches_keep_order_and_limits(self, sizes: list[int]) -> None:
        """Ten messages, one mebibyte, nothing lost."""
        sent = [Outgoing(body="x" * size) for size in sizes]

        packed = list(queues.batches(sent))

        assert sent == [message for batch in packed for message in batch]
        for batch in packed:
            assert 1 <= len(batch) <= queues.MAX_BATCH
            assert sum(message.size_bytes for message in batch) <= queues.MAX_BATCH_BYTES


class TestBusContract:
    """Putting events."""

    def test_every_event_lands(self, cloud: Cloud) -> None:
        """More than one request holds, whole, under their topic."""
        sent = [an_event(id=f"evt_{n:02}", properties={"é": [1.5]}) for n in range(12)]
        cloud.bus.put(sent)

        landed = [json.loads(message["Body"]) for message in cloud.received("landed")]

        assert [event.to_json() for event in sent] == sorted(
            (each["detail"] for each in landed), key=lambda detail: str(detail["id"])
        )
        assert {("penstock.events", "message.email.clicked")} == {
            (each["source"], each["detail-type"]) for each in landed
        }

    def test_large_events_are_put_in_several_requests(self, cloud: Cloud) -> None:
        """A request holds one megabyte."""
        cloud.bus.put(an_event(id=f"evt_{n}", properties={"x": "x" * 250_000}) for n in range(5))

        assert 5 == len(cloud.received("landed"))


class TestSecretsContract:
    """Sealing."""

    def test_what_was_sealed_opens(self, cloud: Cloud) -> None:
        """In another process, too: nothing but KMS and the text is needed."""
        sealed = cloud.secrets.seal(TENANT, "whsec_é")

        assert "whsec_é" == cloud.secrets.open(TENANT, sealed)
        assert "whsec" not in sealed

    def test_a_copied_secret_does_not_open_for_another_tenant(self, cloud: Cloud) -> None:
        """Write access to a table must not become read access to secrets."""
        sealed = cloud.secrets.seal(TENANT, "whsec_1")

        with pytest.raises(Unsealable):
            cloud.secrets.open("rival", sealed)

    def test_a_rivals_own_data_key_does_not_open_it_either(self, cloud: Cloud) -> None:
        """The seal itself names the tenant, not only its key."""
        store = cloud.secrets
        mine, theirs = store.seal(TENANT, "whsec_1"), store.seal("rival", "whsec_2")
        mixed = ".".join([*theirs.split(".")[:2], *mine.split(".")[2:]])

        with pytest.raises(Unsealable):
            store.open("rival", mixed)

    @pytest.mark.parametrize("text", ["", "v1", "v1.a.b.c", "v0.a.b.c", "v1.!.!.!"])
    def test_what_is_no_seal_is_refused(self, cloud: Cloud, text: str) -> None:
        """A damaged record is no fault of the network's."""
        with pytest.raises(Unsealable):
            cloud.secrets.open(TENANT, text)

    def test_a_flipped_bit_is_refused(self, cloud: Cloud) -> None:
        """Secrets are whole or absent."""
        store = cloud.secrets
        sealed = store.seal(TENANT, "whsec_1")
        flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]

        with pytest.raises(Unsealable):
            store.open(TENANT, flipped)

    def test_one_data_key_serves_a_tenant(self, cloud: Cloud) -> None:
        """KMS is asked once a tenant and process, and every seal has its own nonce."""
        store = cloud.secrets
        first, second = store.seal(TENANT, "s"), store.seal(TENANT, "s")

        assert first.split(".")[1] == second.split(".")[1]
        assert first != second
