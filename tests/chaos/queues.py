"""Queues that deliver again and out of order, behind the one call of SQS that we make."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.chaos.faults import Faults, Kind
from tests.doubles import FakeClock
from tests.virtual_queue import VirtualQueue

VISIBILITY_S: Final = 60  # as in template.yaml
REPEATS: Final = 0.02  # of what is taken comes again all the same, at once or much later
REPEAT_AFTER_S: Final = (0, 30, 4000)
PART_FAILS: Final = 0.01  # SendMessageBatch takes some and refuses others


class RestlessQueue(VirtualQueue[str]):
    """Out of order, and now and then twice."""

    def __init__(self, clock: FakeClock, dice: random.Random) -> None:
        super().__init__(clock)
        self._dice = dice

    def take(self, most: int = 10) -> list[str]:
        """Some of what is visible."""
        visible = super().take(5 * most)
        self._dice.shuffle(visible)
        for message in visible[most:]:
            self.put_back(message, after_s=0)
        for message in visible[:most]:
            if self._dice.random() < REPEATS:
                self.put_back(message, after_s=self._dice.choice(REPEAT_AFTER_S))
        return visible[:most]


@dataclass(slots=True)
class Sqs:
    """SQS as one process's client shows it."""

    queues: Mapping[str, RestlessQueue]
    faults: Faults
    _life: int = 0

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - the names are AWS's
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Queue each entry, or say which could not be."""

        def send() -> Mapping[str, Any]:
            failed = [each for each in Entries if self.faults.dice.random() < PART_FAILS]
            for each in Entries:
                if each not in failed:
                    after_s = each.get("DelaySeconds", 0)
                    self.queues[QueueUrl].put_back(each["MessageBody"], after_s=after_s)
            return {"Failed": [{"Id": each["Id"]} for each in failed]}

        # After the first of a fanout's, half of what its events have to make is queued.
        which = "another" if self._life == self.faults.life else "first"
        self._life = self.faults.life
        answer: Mapping[str, Any] = self.faults.around(
            f"{which} SendMessageBatch", send, fail=_fail
        )
        return answer


def _fail(kind: Kind) -> None:
    if kind is Kind.REFUSED:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "SendMessageBatch")
    raise ReadTimeoutError(endpoint_url="sqs")
