"""The receiver's verdicts: what it verifies, whom it keeps waiting, what it counts."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from infra.demo.receiver import DOWN, Receiver, is_busy_for, receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps({"type": "metric.placed_order"})
QUIET_ID = next(f"dlv_{n}" for n in range(100) if not is_busy_for(f"dlv_{n}"))
BUSY_ID = next(f"dlv_{n}" for n in range(100) if is_busy_for(f"dlv_{n}"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on loopback with one endpoint whose secret is known."""
    with receiving() as server:
        for name in ("orders", DOWN):
            server.url(name)
            server.endpoints[name].secret = SECRET
        yield server


def signed(webhook_id: str, *, at: datetime | None = None, body: str = BODY) -> dict[str, str]:
    """Headers as a sound sender makes them."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(webhook_id, moment, body),
    }


def post(receiver: Receiver, headers: dict[str, str], *, name: str = "orders") -> int:
    """The status that a request is answered with."""
    return httpx.post(receiver.url(name), content=BODY, headers=headers).status_code


def test_signed_request_is_accepted_and_counted(receiver: Receiver) -> None:
    """This count is the `verified` of the demo's last line."""
    status = post(receiver, signed(QUIET_ID))

    assert 200 == status
    assert 1 == len(receiver.endpoints["orders"].accepted)


def test_tampered_body_is_refused_and_counted(receiver: Receiver) -> None:
    """A receiver that took anything would prove nothing about our signatures."""
    status = post(receiver, signed(QUIET_ID, body="{}"))

    assert 401 == status
    assert 1 == receiver.endpoints["orders"].refusals.total()
    assert [] == receiver.endpoints["orders"].accepted


def test_old_timestamp_is_refused(receiver: Receiver) -> None:
    """A retry must be signed anew with its own time, not with that of the first try."""
    status = post(receiver, signed(QUIET_ID, at=datetime.now(UTC) - timedelta(hours=1)))

    assert 401 == status


def test_unsigned_request_is_refused(receiver: Receiver) -> None:
    """Missing headers are a refusal, not a crash of the receiver."""
    assert 401 == post(receiver, {})


def test_one_in_ten_is_busy_once(receiver: Receiver) -> None:
    """The demo's retries are real: the first try fails and the second goes through."""
    statuses = [post(receiver, signed(BUSY_ID)) for _ in range(2)]

    assert [503, 200] == statuses
    assert 1 == receiver.endpoints["orders"].retried
    assert 0 == receiver.endpoints["orders"].duplicates


def test_repeat_after_acceptance_is_a_duplicate(receiver: Receiver) -> None:
    """At-least-once allows it; the demo must say how often it happened."""
    for _ in range(3):
        post(receiver, signed(QUIET_ID))

    assert 2 == receiver.endpoints["orders"].duplicates


def test_broken_endpoint_never_accepts(receiver: Receiver) -> None:
    """Its deliveries must end dead, and are counted as such."""
    statuses = [post(receiver, signed(QUIET_ID), name=DOWN) for _ in range(3)]

    assert [500, 500, 500] == statuses
    assert [] == receiver.endpoints[DOWN].accepted


def test_unknown_path_is_not_found(receiver: Receiver) -> None:
    """A webhook that points nowhere must not be counted anywhere."""
    answer = httpx.post(f"http://127.0.0.1:{receiver.port}/elsewhere", content=BODY)

    assert 404 == answer.status_code


def test_about_one_id_in_ten_is_busy() -> None:
    """Too few would test no retry, too many would test nothing else."""
    busy = sum(is_busy_for(f"dlv_{n}") for n in range(10_000))

    assert 800 < busy < 1200
