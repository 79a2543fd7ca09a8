"""The alarms of the template, judged by metrics: those that functions wrote, and AWS's own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from infra.local import ministack_alarms
from infra.local.ministack_alarms import Datum
from infra.scan import template

ALARMS: Final[Mapping[str, Mapping[str, Any]]] = {
    each.name: each.properties for each in template.resources("AWS::CloudWatch::Alarm")
}
# What AWS itself measures, and where it says so.
LAMBDA_METRICS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
URL_METRICS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html"
FRONT_METRICS: Final = (
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"
)
NATIVE: Final[Mapping[tuple[str, str], str]] = {
    ("AWS/Lambda", "Errors"): LAMBDA_METRICS,
    ("AWS/Lambda", "Invocations"): LAMBDA_METRICS,
    ("AWS/Lambda", "Throttles"): LAMBDA_METRICS,
    ("AWS/Lambda", "IteratorAge"): LAMBDA_METRICS,
    ("AWS/Lambda", "ConcurrentExecutions"): LAMBDA_METRICS,
    ("AWS/Lambda", "Url5xxCount"): URL_METRICS,
    ("AWS/Lambda", "UrlRequestCount"): URL_METRICS,
    ("AWS/Lambda", "UrlRequestLatency"): URL_METRICS,
    ("AWS/ApiGateway", "5xx"): FRONT_METRICS,
    ("AWS/ApiGateway", "Count"): FRONT_METRICS,
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
    ),
}


def resolved(value: Any, *, has_front: bool = False) -> Any:
    """A part of the alarms' stack with its references replaced by the names of its parameters.

    The installation has no name, as where the tests run functions.

    Args:
        value: the part.
        has_front: whether an HTTP API stands before the function of the API.
    """
    match value:
        case {"Fn::If": ["HasFront", front, url]}:
            return resolved(front if has_front else url, has_front=has_front)
        case {"Ref": str() as name}:
            return name
        case {"Fn::Sub": str() as text}:
            plain = text.replace("/${Installation}", "").replace("${Installation}", "")
            return re.sub(r"\$\{(\w+)\}", r"\1", plain)
        case dict():
            return {key: resolved(part, has_front=has_front) for key, part in value.items()}
        case list():
            return [resolved(part, has_front=has_front) for part in value]
        case _:
            return value


def says(alarm: str, data: Iterable[Datum], *, now: datetime) -> str:
    """What an alarm of the template says of these metrics."""
    return ministack_alarms.state(resolved(ALARMS[alarm]), data, now_s=now.timestamp())


def written(function: str, log: str) -> list[Datum]:
    """The metrics in what a function has written, as its module is called in the template.

    In a test's process, a function does not know which it is.
    """
    about = {("service", "local"): ("service", function)}
    return [
        replace(each, dimensions=frozenset(about.get(pair, pair) for pair in each.dimensions))
        for line in log.splitlines()
        for each in ministack_alarms.embedded(line)
    ]


def of_lambda(name: str, value: float, *, at: datetime, function: str | None = None) -> Datum:
    """A metric that Lambda measures, of one function, as the alarms' stack calls it, or of all."""
    if ("AWS/Lambda", name) not in NATIVE:
        raise ValueError(f"Lambda has no metric {name}")
    about = frozenset() if function is None else frozenset({("FunctionName", function)})
    return Datum(
        namespace="AWS/Lambda", name=name, dimensions=about, at_s=at.timestamp(), value=value
    )


def each_minute(
    name: str, value: float, *, until: datetime, minutes: int, function: str
) -> list[Datum]:
    """The same value of a metric of Lambda's in each of these minutes."""
    return [
        of_lambda(name, value, at=until - timedelta(minutes=back), function=function)
        for back in range(minutes)
    ]
