"""Delivering in the formats of others, to a real server that checks as their receivers do."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from penstock.webhooks import Receiver
from runtime.core.deliveries.delivery import Status
from runtime.core.formats import klaviyo, payload
from runtime.core.webhooks.webhook import Format
from runtime.egress import handshake
from runtime.egress.failures import EgressRefused
from runtime.egress.policy import EgressPolicy
from runtime.errors import BadInput
from tests.builders import a_deliver_message, a_webhook, an_event
from tests.delivery_world import World, messages
from tests.egress_clients import LOCAL
from tests.scripted_receiver import Received, ScriptedReceiver, answer
from tests.vectors import SECRET_A

BODY = payload.render(an_event())
Make = Callable[..., World]


@pytest.fixture
def make(receiver: ScriptedReceiver, worlds: list[World]) -> Make:
    """Make a world with one webhook of some format."""

    def made(webhook_format: Format, **changes: Any) -> World:
        worlds.append(World(a_webhook(url=receiver.url(), format=webhook_format, **changes)))
        return worlds[-1]

    return made


def check_as_klaviyos_receiver(seen: Received, secret: str = SECRET_A) -> list[str]:
    """The external ids in a request, if it is what Klaviyo would send."""
    timestamp = seen.header("klaviyo-timestamp") or ""
    signature = klaviyo.sign(secret.encode(), seen.body, timestamp=timestamp)
    assert seen.header("klaviyo-signature") == signature
    document = json.loads(seen.body)
    assert document["meta"]["klaviyo_webhook_id"] == seen.header("klaviyo-webhook-id")
    return [entry["external_id"] for entry in document["data"]]


def test_first_attempts_of_one_batch_share_a_post(make: Make, receiver: ScriptedReceiver) -> None:
    """One request, and a record for each event."""
    world = make(Format.KLAVIYO)

    assert world.deliver_now(*messages(10, body=BODY)) == [None] * 10

    (seen,) = receiver.received
    assert check_as_klaviyos_receiver(seen) == [f"evt_{n}" for n in range(10)]
    statuses = [d.status for d in world.deliveries.by_id.values()]
    assert statuses == [Status.DELIVERED] * 10
    assert len(world.journal.lines) == 10


def test_a_shared_post_that_fails_is_retried_event_by_event(
    make: Make, receiver: ScriptedReceiver
) -> None:
    """Each record has a time of its own; no event waits for another's."""
    receiver.script("/", answer(503), answer())
    world = make(Format.KLAVIYO)

    world.run(*messages(3, body=BODY))

    sent = [check_as_klaviyos_receiver(seen) for seen in receiver.received]
    assert sent[0] == ["evt_0", "evt_1", "evt_2"]
    assert sorted(sent[1:]) == [["evt_0"], ["evt_1"], ["evt_2"]]
    attempts = [[a.status for a in d.attempts] for d in world.deliveries.by_id.values()]
    assert attempts == [[503, 200]] * 3


def test_what_exceeds_a_megabyte_goes_in_another_post(
    make: Make, receiver: ScriptedReceiver
) -> None:
    """Ten events of the largest size are more than a receiver was told to expect."""
    world = make(Format.KLAVIYO)
    large = json.dumps({"text": "x" * 240_000})

    world.deliver_now(*messages(10, body=large))

    assert all(len(seen.body) <= klaviyo.MAX_BODY_BYTES for seen in receiver.received)
    assert sorted(n for seen in receiver.received for n in check_as_klaviyos_receiver(seen)) == [
        f"evt_{n}" for n in range(10)
    ]
    assert len(receiver.received) == 3


def test_the_thousand_and_first_event_goes_in_another_post(
    make: Make, receiver: ScriptedReceiver
) -> None:
    """A thousand is what receivers were told to expect."""
    world = make(Format.KLAVIYO)

    world.deliver_now(*messages(1001, body="{}"))

    sent = [check_as_klaviyos_receiver(seen) for seen in receiver.received]
    assert sorted(map(len, sent)) == [1, 1000]
    assert {d.status for d in world.deliveries.by_id.values()} == {Status.DELIVERED}


def test_endpoints_never_share_a_post(receiver: ScriptedReceiver, worlds: list[World]) -> None:
    """One tenant's event in another's request would be the worst thing that could happen."""
    world = World(
        a_webhook(url=receiver.url("/a"), format=Format.KLAVIYO),
        a_webhook(id="whk_2", url=receiver.url("/b"), format=Format.KLAVIYO),
    )
    worlds.append(world)
    other = a_deliver_message(delivery_id="dlv_b", webhook_id="whk_2", event_id="evt_b", body=BODY)

    world.deliver_now(*messages(2, body=BODY), other)

    sent = {seen.target: check_as_klaviyos_receiver(seen) for seen in receiver.received}
    assert sent == {"/a": ["evt_0", "evt_1"], "/b": ["dlv_b"]}


def test_a_fault_of_ours_brings_every_event_of_the_post_back(
    make: Make, receiver: ScriptedReceiver
) -> None:
    """None may be lost with the one that was in front."""
    world = make(Format.KLAVIYO)
    world.webhooks.by_id["whk_1"] = replace(world.webhooks.by_id["whk_1"], secrets=())

    results = world.deliver_now(*messages(3, body=BODY))

    assert [getattr(each, "code", None) for each in results] == ["bad_secret"] * 3
    assert world.deliveries.by_id == {}
    assert receiver.received == []


def test_a_cloudevent_verifies_like_any_other_webhook(
    make: Make, receiver: ScriptedReceiver
) -> None:
    """The format is around the event, the signature around the format."""
    world = make(Format.CLOUDEVENTS)

    world.deliver_now(a_deliver_message(body=BODY))

    (seen,) = receiver.received
    verified = Receiver(SECRET_A, clock=lambda: world.clock().timestamp()).verify(
        body=seen.body, headers=seen.headers
    )
    assert verified.json()["id"] == verified.id == world.record.id
    assert seen.header("content-type") == "application/cloudevents+json; charset=utf-8"
    assert world.record.body == BODY


@pytest.mark.parametrize("origin", ["*", "penstock", "Penstock"])
def test_a_receiver_that_wants_us_says_so(receiver: ScriptedReceiver, origin: str) -> None:
    """Asked by OPTIONS, as CloudEvents has it."""
    url = receiver.script("/", answer(200, headers=[("WebHook-Allowed-Origin", origin)]))

    handshake.ask(LOCAL, url)

    (seen,) = receiver.received
    assert (seen.method, seen.header("webhook-request-origin")) == ("OPTIONS", "penstock")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (answer(200), "handshake_refused"),
        (answer(405, headers=[("Allow", "POST")]), "handshake_refused"),
        (answer(200, headers=[("WebHook-Allowed-Origin", "example.com")]), "handshake_refused"),
        (answer(302, headers=[("WebHook-Allowed-Origin", "*")]), "handshake_refused"),
    ],
)
def test_a_receiver_that_does_not_is_left_alone(
    receiver: ScriptedReceiver, behaviour: Any, code: str
) -> None:
    """Nobody's server may be flooded by who knows its address."""
    with pytest.raises(BadInput) as refusal:
        handshake.ask(LOCAL, receiver.script("/", behaviour))

    assert refusal.value.code == code


def test_a_receiver_that_cannot_be_asked_is_told_apart() -> None:
    """The one is a decision, the other a fault; and the guard holds for asking, too."""
    with pytest.raises(BadInput) as refusal:
        handshake.ask(LOCAL, "http://localhost:1/")
    assert refusal.value.code == "handshake_failed"
    with pytest.raises(EgressRefused):
        handshake.ask(EgressPolicy(), "http://localhost:1/")
