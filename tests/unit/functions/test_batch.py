"""What a queue's function answers: park, come again, or done, for each record by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from functions import archive, deliver, fanout, project_profile, run
from functions._batch import BatchHandler
from runtime.core.pacing.message_lease import LEASE_S
from runtime.core.pacing.noisy import GAVE_WAY, Waiting
from runtime.errors import BadInput, NotFound, Transient
from runtime.usecases.pacing.lease_messages import LeaseMessages
from runtime.wiring.worker import Worker
from tests.builders import an_sqs_event
from tests.doubles import Failing

Result = Exception | None


class Parked:
    """Remembers what was parked."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.records: list[tuple[str, str, str]] = []
        self._problem = problem

    def park(self, body: str, *, code: str, reason: str) -> None:
        """Keep it."""
        if self._problem is not None:
            raise self._problem
        self.records.append((body, code, reason))


def decode(body: str) -> int:
    """Numbers only."""
    if not body.isdigit():
        raise BadInput("must be a number", field="body", code="no_number")
    return int(body)


def handle(
    work: Callable[[Sequence[int]], Sequence[Result]], *bodies: str, parked: Parked | None = None
) -> list[str]:
    """Which of these records must come again."""
    keep = parked or Parked()
    handler = BatchHandler(lambda _journal: Worker(decode=decode, work=work, park=keep.park))
    answer: Mapping[str, Any] = handler(an_sqs_event(*bodies), None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def fine(items: Sequence[int]) -> Sequence[Result]:
    """All done."""
    return [None] * len(items)


class TestRecords:
    """Each record by itself."""

    def test_what_is_done_does_not_come_again(self) -> None:
        """The queue deletes what is not named."""
        assert [] == handle(fine, "1", "2")

    def test_a_record_that_does_not_decode_is_parked(self) -> None:
        """With code, field and sentence; its neighbours are worked on."""
        parked, worked = Parked(), list[int]()

        def work(items: Sequence[int]) -> Sequence[Result]:
            worked.extend(items)
            return fine(items)

        assert [] == handle(work, "1", "x", "3", parked=parked)
        assert ([1, 3], [("x", "no_number", "body: must be a number")]) == (worked, parked.records)

    def test_only_transient_problems_come_again(self) -> None:
        """The branch of the error decides, and nothing else."""
        parked = Parked()
        results = [None, NotFound("gone"), Transient("later"), ValueError("a bug of ours")]

        again = handle(lambda _: results, "0", "1", "2", "3", parked=parked)

        assert ["message-2", "message-3"] == again
        assert [("1", "not_found", "gone")] == parked.records

    def test_a_crash_of_the_whole_batch_still_parks_what_is_poison(self) -> None:
        """Else one poison record would be received again with every crash."""
        parked = Parked()

        def crash(_items: Sequence[int]) -> Sequence[Result]:
            raise RuntimeError("a bug of ours")

        assert ["message-0"] == handle(crash, "1", "x", parked=parked)
        assert 1 == len(parked.records)

    def test_what_cannot_be_parked_comes_again(self) -> None:
        """Never lost: the queue's own tries end in the same dead-letter queue."""
        assert ["message-0"] == handle(fine, "x", parked=Parked(Transient("no queue")))

    def test_nothing_to_work_on_is_not_worked_on(self) -> None:
        """An empty batch must not cost a store's call."""

        def never(_items: Sequence[int]) -> Sequence[Result]:
            raise AssertionError

        assert [] == handle(never, "x")


class HandedOut:
    """A queue that remembers for how long it was told to hide what it has handed out."""

    def __init__(self) -> None:
        self.hidden: list[dict[str, int]] = []

    def hide(self, for_s: Mapping[str, int]) -> None:
        """Remember it."""
        self.hidden.append(dict(for_s))


class TestLease:
    """Of queues that would hide the batch of a killed worker for very long."""

    def test_a_batch_is_leased_before_anything_is_done_and_only_what_failed_is_put_back(
        self,
    ) -> None:
        """What is done or parked, Lambda deletes; a third try waits longer than a first."""
        queue, parked = HandedOut(), Parked()
        lease = LeaseMessages(messages=queue, journal=lambda _line: None)
        seen: list[dict[str, int]] = []

        def work(items: Sequence[int]) -> Sequence[Result]:
            seen.extend(queue.hidden)
            return [None, Transient("later"), NotFound("gone")][: len(items)]

        handler = BatchHandler(
            lambda _journal: Worker(decode=decode, work=work, park=parked.park, lease=lease)
        )
        answer = handler(an_sqs_event("0", "1", "2", "x", receive_count=3), None)

        whole = {f"receipt-{number}": LEASE_S for number in range(4)}
        assert [whole] == seen
        assert [whole, {"receipt-1": 750}] == queue.hidden
        assert [{"itemIdentifier": "message-1"}] == answer["batchItemFailures"]
        assert 2 == len(parked.records)


@pytest.mark.parametrize("module", [fanout, run, deliver, project_profile, archive])
def test_importing_a_function_builds_nothing_outside_lambda(module: Any) -> None:
    """Tests and tools import handlers without an environment."""
    assert isinstance(module.handler, BatchHandler)


class TestGiveWay:
    """Records that go to the end of their queue, so that others go first."""

    @staticmethod
    def handler(give_way: Callable[[Sequence[Waiting]], Sequence[bool]], done: list[int]) -> Any:
        """A handler whose worker writes down what it works on."""

        def work(items: Sequence[int]) -> Sequence[Result]:
            done.extend(items)
            return fine(items)

        return BatchHandler(
            lambda _journal: Worker(decode=decode, work=work, park=Parked().park, give_way=give_way)
        )

    def test_they_are_done_for_now_and_the_others_are_worked_on(self) -> None:
        """The queue deletes what is at its end already."""
        done: list[int] = []
        handler = self.handler(lambda _: [True, False], done)

        assert {"batchItemFailures": []} == handler(an_sqs_event("1", "2"), None)
        assert [2] == done

    def test_a_record_is_handed_over_with_what_the_queue_says_of_it(self) -> None:
        """Its time is the queue's, which no producer can set."""
        seen: list[Waiting] = []

        def give_way(batch: Sequence[Waiting]) -> Sequence[bool]:
            seen.extend(batch)
            return [False for _ in batch]

        handler = self.handler(give_way, [])
        records = an_sqs_event("1", "2", receive_count=3, sent_at_ms=5)
        records["Records"][1]["messageAttributes"] = {
            GAVE_WAY: {"stringValue": "true", "dataType": "String"}
        }

        handler(records, None)

        assert [
            Waiting(body="1", sent_at_ms=5, tries=3, gave_way=False),
            Waiting(body="2", sent_at_ms=5, tries=3, gave_way=True),
        ] == seen

    @pytest.mark.parametrize("problem", [Transient("SQS is down"), BadInput("too large")])
    def test_in_doubt_all_are_worked_on(self, problem: Exception) -> None:
        """To let others go first is a courtesy; it must cost nobody his event."""
        done: list[int] = []
        handler = self.handler(Failing(lambda batch: [True for _ in batch], problem), done)

        assert {"batchItemFailures": []} == handler(an_sqs_event("1", "2"), None)
        assert [1, 2] == done
