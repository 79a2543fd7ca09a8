"""A process that has leased a message and works on it until it is killed.

Its arguments are the queue's address and the message, as the queue has handed it out.
"""

import json
import sys
from collections.abc import Sequence

from functions._batch import BatchHandler
from runtime.stores.aws.clients import Clients
from runtime.stores.queues import HandedOut
from runtime.usecases.pacing.lease_messages import LeaseMessages
from runtime.wiring.worker import Journal, Worker
from tests.builders import an_sqs_event

LEASE_S = 1  # the shortest that a queue knows
RENEW_EVERY_S = 0.3


def build(journal: Journal) -> Worker[str]:
    """A worker that does not end by itself."""
    messages = HandedOut(client=Clients().queues, url=sys.argv[1])
    lease = LeaseMessages(
        messages=messages, journal=journal, lease_s=LEASE_S, renew_every_s=RENEW_EVERY_S
    )

    def work(items: Sequence[str]) -> Sequence[Exception | None]:
        print("at work", flush=True)  # noqa: T201 - the test waits for it
        sys.stdin.read()  # which stays open until the process is killed
        return [None] * len(items)

    return Worker(decode=str, work=work, park=print, lease=lease)


if __name__ == "__main__":
    message = json.loads(sys.argv[2])
    event = an_sqs_event(message["Body"])
    event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
    BatchHandler(build)(event, None)
