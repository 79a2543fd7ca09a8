"""A worker's messages: who else may have them, from when on, and who renews that."""

import threading
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

import pytest

from runtime.core.pacing import message_lease
from runtime.core.pacing.message_lease import LEASE_S, RENEW_EVERY_S, Received
from runtime.errors import Transient
from runtime.stores.queues import HandedOut, Outgoing
from runtime.usecases.pacing.lease_messages import LeaseMessages
from tests.cloud import Cloud
from tests.queue_clock import QueueClock

# What the template gives the queue: longer than its function may take.
VISIBILITY_S = 1205


class Time(QueueClock):
    """The account's clock, on which a worker's work takes as many renewals as a test says."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__(patch)
        self.renewals = 0  # how many are still to come
        self.worked = Event()  # set when the last of them was made
        self.before_each: Callable[[], object] = lambda: None

    def wait(self, ended: Event, seconds: float) -> bool:
        """The time until a renewal passes at once; then nothing more happens until the end."""
        if self.renewals:
            self.renewals -= 1
            self.pass_by(seconds)
            self.before_each()
            return False
        self.worked.set()
        return ended.wait(10)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock by which the account's queues hide messages."""
    return Time(monkeypatch)


class Queued:
    """A queue like that of runs, with what a worker has received of it."""

    def __init__(self, cloud: Cloud, time: Time, *, count: int) -> None:
        self.client, self.url = cloud.clients.sqs, cloud.queue_url("run")
        self.client.set_queue_attributes(
            QueueUrl=self.url, Attributes={"VisibilityTimeout": str(VISIBILITY_S)}
        )
        cloud.queue("run").send(Outgoing(body=str(number)) for number in range(count))
        time.pass_by(1)
        self.handed_out = HandedOut(client=cloud.clients.queues, url=self.url)
        self.journal: list[Mapping[str, Any]] = []
        self.batch = self.receive()
        self.start_s = time.now_s

    def receive(self) -> list[Received]:
        """What another worker gets now."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Received(
                receipt=each["ReceiptHandle"],
                tries=int(each["Attributes"]["ApproximateReceiveCount"]),
            )
            for each in answer.get("Messages", [])
        ]


@pytest.fixture
def queued(cloud: Cloud, time: Time) -> Iterator[Queued]:
    """Three messages, received by one worker."""
    made = Queued(cloud, time, count=3)
    assert 3 == len(made.batch)
    yield made
    assert not [each for each in threading.enumerate() if each.name == "lease"]


def lease(queued: Queued, time: Time) -> LeaseMessages:
    """A lease as the deployed function has it, but for the clock."""
    return LeaseMessages(messages=queued.handed_out, journal=queued.journal.append, wait=time.wait)


def test_what_a_killed_worker_had_is_with_another_within_a_minute(
    queued: Queued, time: Time
) -> None:
    """The queue alone would hide it for twenty minutes; nobody may wait that long for a crash."""
    with lease(queued, time).held(queued.batch):
        time.pass_by(LEASE_S)  # a killed worker renews nothing
        assert not queued.receive()
        time.pass_by(1)
        again = queued.receive()

    assert [2, 2, 2] == [each.tries for each in again]
    assert LEASE_S + 1 < 60


def test_nobody_gets_a_message_whose_worker_is_at_work(queued: Queued, time: Time) -> None:
    """Two workers at one event would call the customer's systems twice, and for no reason."""
    stolen: list[Received] = []
    time.renewals = 13  # as many as fit the 200 seconds that the function may take
    time.before_each = lambda: stolen.extend(queued.receive())

    with lease(queued, time).held(queued.batch):
        assert time.worked.wait(10)

    assert ([], []) == (stolen, queued.journal)
    assert queued.start_s + 13 * RENEW_EVERY_S == time.now_s


def test_a_lease_outlives_two_renewals_that_fail(queued: Queued, time: Time) -> None:
    """A queue that is silent for half a minute must not make a healthy worker's runs twice."""
    with lease(queued, time).held(queued.batch):
        time.pass_by(3 * RENEW_EVERY_S)  # the third is due now, and only it was heard
        assert not queued.receive()


def test_work_goes_on_without_a_lease_and_the_log_says_so(queued: Queued, time: Time) -> None:
    """An outage of the queue is no reason to fail events: they are hidden for long anyway."""
    made = lease(queued, time)
    missing = [Received(receipt="nobody-has-this", tries=1)]

    with made.held([*missing, *queued.batch]):
        worked = True

    assert worked
    (line,) = queued.journal
    assert ("lease.not_renewed", "aws_unavailable") == (line["message"], line["code"])
    assert "1 of 4 messages were not hidden: ReceiptHandleIsInvalid" == line["reason"]


def test_a_receipt_that_is_gone_keeps_no_other_message_from_being_leased(
    queued: Queued, time: Time
) -> None:
    """One of a batch may have been taken back by the queue meanwhile."""
    with lease(queued, time).held([Received(receipt="nobody-has-this", tries=1), *queued.batch]):
        time.pass_by(LEASE_S + 1)
        assert 3 == len(queued.receive())


def test_a_failed_message_comes_again_soon_and_then_ever_later(queued: Queued, time: Time) -> None:
    """Half a minute mends a hiccup; an outage must not use up five tries in four minutes."""
    made, batch = lease(queued, time), queued.batch

    for tries, pause_s in ((1, 30), (2, 150), (3, 750), (4, 3600)):
        assert {tries} == {each.tries for each in batch}
        with made.held(batch):
            pass
        made.put_back(batch)
        time.pass_by(pause_s)
        assert not queued.receive()
        time.pass_by(1)
        batch = queued.receive()
        assert 3 == len(batch)


def test_five_tries_take_longer_than_an_hour() -> None:
    """As long as before there was a lease: most outages of a region's service are over by then."""
    pauses = [message_lease.pause_s(tries) for tries in range(1, 5)]
    assert sum(pauses) > 3600
    assert message_lease.MAX_PAUSE_S == message_lease.pause_s(1000)


def test_nothing_is_put_back_where_nothing_failed(queued: Queued, time: Time) -> None:
    """Each call of the queue costs money, and nearly all batches have no failure."""
    lease(queued, time).put_back([])
    assert not queued.journal


def test_work_that_raises_ends_its_renewals_too(queued: Queued, time: Time) -> None:
    """A thread that is left behind would keep a dead batch hidden for ever."""
    with pytest.raises(Transient), lease(queued, time).held(queued.batch):
        raise Transient("the store does not answer")
