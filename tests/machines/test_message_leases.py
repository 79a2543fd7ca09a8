"""Messages that workers lease: who is killed, who fails, and who comes by meanwhile."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import Queue
from threading import Event
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, multiple, rule

from runtime.core.pacing import message_lease
from runtime.core.pacing.message_lease import LEASE_S, RENEW_EVERY_S, Received
from runtime.stores.queues import HandedOut, Outgoing
from runtime.usecases.pacing.lease_messages import LeaseMessages
from tests.cloud import Cloud
from tests.machines.playing import StoreMachine, play
from tests.queue_clock import QueueClock

VISIBILITY_S = 1205  # of the queue: until a worker has its lease
MESSAGES = [str(number) for number in range(5)]
# Half seconds: nobody promises on which side of its last moment a hidden message is.
WAITS_S = st.sampled_from([0.5, 14.5, 16.5, LEASE_S - 0.5, LEASE_S + 0.5, 151.5, 3600.5])


@dataclass(eq=False, kw_only=True)
class Work:
    """A worker's work on what it has received, as the test steps through it."""

    batch: dict[str, Received]  # by the message's body
    renews: "Queue[bool]" = field(default_factory=Queue)  # False for a renewal, True for the end
    pauses: "Queue[float]" = field(default_factory=Queue)  # one each time the renewals pause
    block: ExitStack = field(default_factory=ExitStack)

    def wait(self, _ended: Event, seconds: float) -> bool:
        """The pause before a renewal, which the test ends."""
        self.pauses.put(seconds)
        return self.renews.get(timeout=10)

    def begin(self, lease: LeaseMessages) -> None:
        """The lease is had, and the worker is at work."""
        self.block.enter_context(lease.held(list(self.batch.values())))
        assert self.pauses.get(timeout=10) == RENEW_EVERY_S

    def renew(self) -> None:
        """One renewal, from its beginning to its end."""
        self.renews.put(item=False)
        self.pauses.get(timeout=10)

    def end(self) -> None:
        """The work is over, and so are its renewals."""
        self.renews.put(item=True)
        self.block.close()


class Workers(StoreMachine):
    """Workers of one queue."""

    works = Bundle("works")

    def __init__(self, account: Cloud, clock: QueueClock) -> None:
        super().__init__(account)
        self.clock = clock
        self.sqs, self.url = self.cloud.clients.sqs, self.cloud.queue_url("run")
        self.handed_out = HandedOut(client=self.cloud.clients.queues, url=self.url)
        self.journal: list[Any] = []  # stays empty: the queue answers
        self.alive: set[Work] = set()
        self.until_s: dict[str, float] = {}  # when each message is seen again, if nobody acts
        self.tries = dict.fromkeys(MESSAGES, 0)

    @initialize()
    def messages_are_sent(self) -> None:
        """As many as two workers have to do."""
        self.sqs.set_queue_attributes(
            QueueUrl=self.url, Attributes={"VisibilityTimeout": str(VISIBILITY_S)}
        )
        self.cloud.queue("run").send(Outgoing(body=body) for body in MESSAGES)
        self.clock.pass_by(1)
        self.until_s = dict.fromkeys(MESSAGES, 0.0)

    @rule(target=works, most=st.integers(1, 3))
    def a_worker_takes_what_it_can_get(self, most: int) -> object:
        """Never what another is at work on; and always what nobody is."""
        visible = {body for body, until_s in self.until_s.items() if until_s < self.clock.now_s}
        batch = self.receive(most)
        assert set(batch) <= visible
        assert min(most, len(visible)) == len(batch)
        assert all(not set(batch) & set(other.batch) for other in self.alive)
        for body, received in batch.items():
            self.tries[body] += 1
            assert self.tries[body] == received.tries
        if not batch:
            return multiple()
        work = Work(batch=batch)
        work.begin(
            LeaseMessages(messages=self.handed_out, journal=self.journal.append, wait=work.wait)
        )
        self.alive.add(work)
        self.are_hidden(work)
        return work

    @rule(work=consumes(works), number_failed=st.integers(0, 3))
    def a_worker_ends(self, work: Work, number_failed: int) -> None:
        """What is done is gone for good; what failed comes again, later with each try."""
        self.alive.discard(work)
        work.end()
        failed = dict(list(work.batch.items())[:number_failed])
        lease = LeaseMessages(messages=self.handed_out, journal=self.journal.append)
        lease.put_back(list(failed.values()))
        for body, received in work.batch.items():
            if body in failed:
                pause_s = message_lease.pause_s(self.tries[body])
                self.until_s[body] = self.clock.now_s + pause_s
            else:  # Lambda deletes it
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=received.receipt)
                del self.until_s[body]

    @rule(work=consumes(works))
    def a_worker_is_killed(self, work: Work) -> None:
        """It renews nothing more, and tells nobody."""
        self.alive.discard(work)
        work.end()

    @rule(wait_s=WAITS_S)
    def time_passes(self, wait_s: float) -> None:
        """Those who are at work renew their leases meanwhile."""
        while wait_s > 0:
            step_s = min(wait_s, RENEW_EVERY_S)
            self.clock.pass_by(step_s)
            wait_s -= step_s
            for work in self.alive:
                work.renew()
                self.are_hidden(work)

    def teardown(self) -> None:
        """Whoever is still at work is killed: then all that is not done comes back."""
        for work in self.alive:
            work.end()
        self.clock.pass_by(message_lease.MAX_PAUSE_S + 1)
        assert set(self.until_s) == set(self.receive(10))
        assert not self.journal
        self.sqs.delete_queue(QueueUrl=self.url)

    def receive(self, most: int) -> dict[str, Received]:
        """What the queue hands out now, by body."""
        answer: Any = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return {
            each["Body"]: Received(
                receipt=each["ReceiptHandle"],
                tries=int(each["Attributes"]["ApproximateReceiveCount"]),
            )
            for each in answer.get("Messages", [])
        }

    def are_hidden(self, work: Work) -> None:
        """From now on for as long as a lease."""
        self.until_s |= dict.fromkeys(work.batch, self.clock.now_s + LEASE_S)


def test_nobody_has_what_another_works_on_and_nothing_is_lost(
    account: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed or fails: a message has one worker at a time, until it is done."""
    clock = QueueClock(monkeypatch)
    play(lambda: Workers(account, clock), histories=25, steps=20)
