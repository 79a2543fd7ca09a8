"""What the tests of failing functions share."""

from collections.abc import Mapping
from typing import Any

from runtime.core import json_text
from tests.runs import Platform

RAISED = {
    "outcome": "raised",
    "error": {
        "type": "KeyError",
        "message": "'total'",
        "traceback": (
            'Traceback (most recent call last):\n  File "function.py", line 2, in handler\n'
            "    return event['properties']['total']\nKeyError: 'total'"
        ),
    },
}


class Killed(BaseException):
    """The worker is killed here."""


class BusOf:
    """A bus whose `put` is another's."""

    def __init__(self, put: Any) -> None:
        self.put = put


def told(platform: Platform) -> list[Mapping[str, Any]]:
    """The notices on the bus, in order, each id once; they are taken off it."""
    by_id: dict[str, Mapping[str, Any]] = {}
    for message in platform.cloud.received("landed"):
        event = json_text.load(message["Body"])["detail"]
        by_id.setdefault(event["id"], event)
        platform.cloud.clients.sqs.delete_message(
            QueueUrl=platform.cloud.queue_url("landed"), ReceiptHandle=message["ReceiptHandle"]
        )
    return sorted(by_id.values(), key=lambda event: str(event["occurred_at"]))


def topics(platform: Platform) -> list[str]:
    """Of the notices on the bus."""
    return [event["topic"] for event in told(platform)]
