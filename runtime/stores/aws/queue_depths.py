"""How full the queues of an installed stack are, for an admin who looks into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from runtime.core.operations.dead_letter import DEAD_LETTERS
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import faults

# SQS hands its metrics on each minute, some minutes late.
LOOK_BACK: Final = timedelta(minutes=10)
AHEAD: Final = timedelta(minutes=1)  # an admin's clock may be slow
_COUNTS: Final = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """What is in one queue, as SQS counts it: not exactly."""

    name: str  # as the template calls it, such as `RunQueue`
    waiting: int  # messages that a worker may have now
    in_flight: int  # messages that a worker has, or had before it was killed
    delayed: int  # messages that nobody gets before their time
    oldest_s: int | None  # age of the oldest message, in seconds; None when no metric tells it

    @property
    def is_dead(self) -> bool:
        """Whether it holds dead letters, which nobody works on any more."""
        return self.name.endswith(DEAD_LETTERS)


def read(stack: str, *, client: Callable[[str], Any], now: datetime) -> list[Depth]:
    """Every queue of the stack, in the order of their names.

    Args:
        stack: its name.
        client: makes botocore's client of a service.
        now: the present, in UTC.

    Raises:
        NotFound: code `stack_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    with faults("look into the queues"):
        urls = stacks.queues(stack, cloudformation=client("cloudformation"))
        ages = ages_s(urls, cloudwatch=client("cloudwatch"), now=now) if urls else {}
        sqs = client("sqs")
        return [
            Depth(name=name, **counts(url, sqs), oldest_s=ages.get(name))
            for name, url in sorted(urls.items())
        ]


def counts(url: str, sqs: Any) -> dict[str, int]:
    """How many messages wait in a queue, are with a worker, and are delayed, as `Depth` names it.

    Args:
        url: the queue's.
        sqs: botocore's client.
    """
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS.values()))
    return {name: int(answer["Attributes"][text]) for name, text in _COUNTS.items()}


def ages_s(urls: Mapping[str, str], *, cloudwatch: Any, now: datetime) -> dict[str, int]:
    """The latest age of the oldest message, in seconds, of each queue that has a metric of it.

    Args:
        urls: of the queues, by their names.
        cloudwatch: botocore's client.
        now: the present, in UTC.
    """
    names = sorted(urls)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": f"q{number}", "MetricStat": _age_of(urls[name].rpartition("/")[2])}
            for number, name in enumerate(names)
        ],
        StartTime=now - LOOK_BACK,
        EndTime=now + AHEAD,
    )
    latest = {
        each["Id"]: int(max(zip(each["Timestamps"], each["Values"], strict=True))[1])
        for each in answer["MetricDataResults"]
        if each["Values"]
    }
    return {
        name: latest[f"q{number}"] for number, name in enumerate(names) if f"q{number}" in latest
    }


def _age_of(queue: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    return {"Metric": metric, "Period": 60, "Stat": "Maximum"}
