"""Writes what SQS hands to a function."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any


def from_the_bus(envelope: Mapping[str, Any]) -> str:
    """The body of the message that the bus makes of an event."""
    return json.dumps(
        {
            "id": envelope["id"],
            "detail-type": envelope["topic"],
            "source": "bench",
            "detail": envelope,
        }
    )


def records(bodies: Iterable[str]) -> dict[str, Any]:
    """The event of an invocation with messages of these bodies, which have just been sent."""
    now_ms = int(time.time() * 1000)
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": "bench",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(now_ms)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:bench",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
