"""Delivering to a real server on a virtual clock: whatever the receiver does is dealt with."""

from dataclasses import replace
from typing import Any

import pytest

from penstock.webhooks import Receiver
from runtime.core.deliveries.delivery import Status
from runtime.core.pacing import schedule
from runtime.core.webhooks import rotation
from runtime.core.webhooks.webhook import SealedSecret
from runtime.errors import Transient
from tests.builders import NOW, TENANT, a_deliver_message, a_webhook
from tests.delivery_world import World, messages
from tests.doubles import MemoryWebhooks
from tests.scripted_receiver import ScriptedReceiver, answer, hang, raw, reset
from tests.vectors import PRIVATE_KEY, PUBLIC_KEY, SECRET_A, SECRET_B


def test_a_delivery_arrives_signed_and_is_recorded(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The bytes signed are the bytes sent are the bytes stored."""
    assert world.deliver_now() == [None]

    (seen,) = receiver.received
    verified = Receiver(SECRET_A, clock=lambda: world.clock().timestamp()).verify(
        body=seen.body, headers=seen.headers
    )
    assert verified.id == world.record.id
    assert seen.body.decode() == world.record.body
    assert seen.header("content-type") == "application/json"
    assert (world.record.status, world.record.due_at_ms) == (Status.DELIVERED, None)
    (made,) = world.record.attempts
    assert (made.number, made.status, made.error, made.started_at) == (1, 200, None, NOW)


def test_a_retry_has_the_same_id_and_a_new_timestamp(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Receivers dedupe on the one and refuse replays by the other."""
    receiver.script("/", answer(503), answer())

    world.run(a_deliver_message())

    first, second = receiver.received
    assert first.header("webhook-id") == second.header("webhook-id")
    assert first.header("webhook-timestamp") != second.header("webhook-timestamp")
    assert first.body == second.body
    assert [each.status for each in world.record.attempts] == [503, 200]
    assert world.record.status is Status.DELIVERED


def test_a_receiver_that_never_recovers_gets_ten_attempts_in_three_days(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The whole schedule, through queue and sweep, in real milliseconds."""
    receiver.script("/", answer(500))
    start = world.clock()

    world.run(a_deliver_message())

    assert (world.record.status, world.record.reason) == (Status.DEAD, "attempts_exhausted")
    assert [made.number for made in world.record.attempts] == list(range(1, 11))
    assert len(receiver.received) == 10
    lasted_s = (world.clock() - start).total_seconds()
    assert 0 <= lasted_s - sum(schedule.DEFAULT_SCHEDULE_S) < 10 * 60


def test_long_delays_wait_in_the_record_and_short_ones_on_the_queue(
    receiver: ScriptedReceiver, worlds: list[World]
) -> None:
    """A queue holds a message for fifteen minutes at most."""
    receiver.script("/", answer(500))
    webhook = a_webhook(url=receiver.url(), retry_schedule_s=(10, 1000))
    world = World(webhook)
    worlds.append(world)

    world.deliver_now()
    world.deliver_now(a_deliver_message(body=None, attempt=2))

    assert [(message.attempt, delay_s) for message, delay_s in world.queue.sent] == [(2, 10)]
    assert world.record.due_at_ms == int(world.clock().timestamp() * 1000) + 1_000_000


def test_what_a_receiver_asks_for_is_waited_for(world: World, receiver: ScriptedReceiver) -> None:
    """429 with Retry-After, honoured."""
    receiver.script("/", answer(429, headers=[("Retry-After", "120")]))

    world.deliver_now()

    assert world.record.due_at_ms == int(world.clock().timestamp() * 1000) + 120_000


def test_410_ends_the_delivery_and_disables_the_webhook(
    world: World, receiver: ScriptedReceiver
) -> None:
    """And what follows is skipped, on record, not sent."""
    receiver.script("/", answer(410))

    world.run(*messages(1))
    world.run(*messages(2))

    assert world.webhooks.by_id["whk_1"].disabled_reason == "gone"
    statuses = [(d.status, d.reason) for d in world.deliveries.by_id.values()]
    assert statuses == [(Status.DEAD, "gone"), (Status.SKIPPED, "webhook_disabled")]
    assert len(receiver.received) == 1


def test_a_retry_of_a_disabled_webhook_is_skipped_and_not_left_pending(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Else it would be sending for ever."""
    receiver.script("/", answer(500))
    world.deliver_now()
    world.webhooks.disable(TENANT, "whk_1", reason="paused")

    world.run()

    assert (world.record.status, world.record.reason) == (Status.SKIPPED, "webhook_disabled")
    assert len(receiver.received) == 1


def test_a_webhook_that_was_just_switched_on_is_not_skipped(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The worker may still know it as off; whoever switches on and sends again means now."""
    on = world.webhooks.by_id["whk_1"]
    stale = MemoryWebhooks(replace(on, enabled=False))
    deliver = replace(world.deliver, known_webhooks=stale)

    assert [None] == deliver.deliver_all([a_deliver_message()])

    assert world.record.status is Status.DELIVERED
    assert len(receiver.received) == 1


def test_a_deleted_webhook_is_recorded_as_such(world: World, receiver: ScriptedReceiver) -> None:
    """Never silent."""
    world.webhooks.by_id.clear()

    assert world.deliver_now() == [None]

    assert (world.record.status, world.record.reason) == (Status.SKIPPED, "webhook_deleted")
    assert receiver.received == []


def test_a_slow_receiver_holds_back_nobodys_record(
    receiver: ScriptedReceiver, worlds: list[World]
) -> None:
    """Nine are written while the tenth is waited for."""
    slow = a_webhook(id="whk_slow", url=receiver.script("/slow", hang()), timeout_s=1)
    world = World(a_webhook(url=receiver.url()), slow)
    worlds.append(world)
    late = a_deliver_message(delivery_id="dlv_slow", webhook_id="whk_slow")

    world.deliver_now(late, *messages(9))

    assert world.deliveries.written[-1] == "dlv_slow"
    assert len(world.deliveries.written) == 10
    assert world.deliveries.by_id["dlv_slow"].attempts[0].error == "timeout"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (reset(), "reset"),
        (raw(b"nonsense\r\n\r\n"), "protocol_error"),
        (raw(b"HTTP/1.1 503 Oh\r\ncontent-length: 9\r\n\r\n"), "http_503"),
        (raw(b"HTTP/1.1 200 " + b"y" * 100_000), "answer_too_large"),
        (answer(302, headers=[("location", "http://169.254.169.254/")]), "http_302"),
        (answer(404), "http_404"),
        (answer(500), "http_500"),
    ],
)
def test_what_went_wrong_is_on_record_and_tried_again(
    world: World, receiver: ScriptedReceiver, behaviour: Any, error: str
) -> None:
    """The code for programs, the sentence for people."""
    receiver.script("/", behaviour)

    world.deliver_now()

    (made,) = world.record.attempts
    assert made.error == error
    assert made.sentence
    assert (made.status is None) == (not error.startswith("http_"))
    assert world.record.status is Status.PENDING
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://localhost:1/", "connect_refused"),
        ("https://10.0.0.1/", "url_ip_literal"),
        ("https://does-not-exist.invalid/", "dns_failure"),
        ("ftp://example.com/", "url_not_https"),
    ],
)
def test_a_url_that_cannot_be_reached_is_an_attempt_like_any_other(
    worlds: list[World], url: str, error: str
) -> None:
    """The URL may be mended while the schedule runs."""
    world = World(a_webhook(url=url))
    worlds.append(world)

    world.deliver_now()

    assert world.record.attempts[0].error == error
    assert world.record.status is Status.PENDING


def test_both_secrets_sign_while_they_overlap(world: World, receiver: ScriptedReceiver) -> None:
    """Receivers change over in their own time; a pending retry signs with what is live then."""
    older = SealedSecret(
        ciphertext="older",
        created_at="2026-01-01T00:00:00.000Z",
        expires_at="2026-11-20T13:04:06.000Z",
    )
    webhook = world.webhooks.by_id["whk_1"]
    world.webhooks.by_id["whk_1"] = replace(webhook, secrets=(*webhook.secrets, older))
    receiver.script("/", answer(500))

    world.run(a_deliver_message(), hours=0.01)

    signatures = [(seen.header("webhook-signature") or "").split() for seen in receiver.received]
    assert [len(each) for each in signatures] == [2, 1]


def test_a_retry_after_a_rotation_is_signed_by_the_new_secret_too(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Rotated while a retry was pending: the same id, a new timestamp, and what is live now."""
    receiver.script("/", answer(500), answer())
    world.deliver_now()
    webhook = world.webhooks.by_id["whk_1"]
    secrets = rotation.rotate(
        webhook.secrets,
        SealedSecret(ciphertext="newer", created_at=NOW, public_key=PUBLIC_KEY),
        now=NOW,
        overlap_s=0,
    )
    secrets = rotation.rotate(
        secrets, SealedSecret(ciphertext="older", created_at=NOW), now=NOW, overlap_s=60
    )
    world.secrets["newer"] = PRIVATE_KEY
    world.webhooks.by_id["whk_1"] = replace(webhook, secrets=secrets)

    world.run()

    first, second = receiver.received
    assert first.header("webhook-id") == second.header("webhook-id")
    signatures = (second.header("webhook-signature") or "").split()
    assert sorted(each.partition(",")[0] for each in signatures) == ["v1", "v1", "v1a"]
    for shared, public in (((SECRET_A,), ()), ((SECRET_B,), ()), ((), (PUBLIC_KEY,))):
        verifier = Receiver(*shared, public_keys=public, clock=lambda: world.clock().timestamp())
        assert verifier.verify(body=second.body, headers=second.headers).id == world.record.id


def test_a_batch_opens_each_live_secret_once(world: World, receiver: ScriptedReceiver) -> None:
    """Ten deliveries to one endpoint are one decryption; the next batch does its own."""
    opened: list[str] = []

    def opening(_tenant: str, sealed: str) -> str:
        opened.append(sealed)
        return world.secrets[sealed]

    world.deliver = replace(
        world.deliver, courier=replace(world.deliver.courier, open_secret=opening)
    )

    world.deliver_now(*messages(10))

    assert len(receiver.received) == 10
    assert opened == ["sealed"]
    world.deliver_now(a_deliver_message(delivery_id="dlv_more", event_id="evt_more"))
    assert opened == ["sealed", "sealed"]


def test_a_secret_that_does_not_open_is_tried_once_a_batch(
    world: World, receiver: ScriptedReceiver
) -> None:
    """A key service that hangs must not be waited for once a message."""
    opened: list[str] = []

    def failing(_tenant: str, sealed: str) -> str:
        opened.append(sealed)
        raise Transient("unwrap a data key: timed out", code="aws_unavailable")

    world.deliver = replace(
        world.deliver, courier=replace(world.deliver.courier, open_secret=failing)
    )

    results = world.deliver_now(*messages(10))

    assert [each.code for each in results if each] == ["aws_unavailable"] * 10
    assert opened == ["sealed"]
    assert receiver.received == []


def test_one_line_tells_each_attempt_and_no_secret(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The line is what operators have; the log is what leaks."""
    echo = answer(500, body=f"you sent Bearer abcdefgh and {SECRET_A}".encode())
    receiver.script("/", echo)

    world.deliver_now()

    (line,) = world.journal.lines
    assert line["message"] == "delivery.attempted"
    assert (line["attempt"], line["status"], line["outcome"]) == (1, 500, "pending")
    assert line["total_ms"] >= 0
    parts = {"dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"}
    assert parts <= set(world.record.attempts[0].timing_ms)
    shown = repr(line) + repr(world.record)
    assert SECRET_A not in shown
    assert "abcdefgh" not in shown
    assert (receiver.received[0].header("webhook-signature") or "?") not in shown


def test_a_batch_shares_connections_between_invocations(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The loop outlives the batch."""
    world.deliver_now(*messages(1))
    world.deliver_now(*messages(2)[1:])

    assert [seen.connection for seen in receiver.received] == [1, 1]
