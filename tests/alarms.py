"""The alarms of the template, judged by metrics: those that functions wrote, and AWS's own."""

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import pytest

from functions import _telemetry
from functions._batch import BatchHandler
from infra.local import ministack_alarms
from infra.local.ministack_alarms import Datum
from infra.scan import template
from runtime.wiring import deliver, worker
from tests.builders import a_bus_event, an_envelope, an_sqs_event
from tests.cloud import Cloud
from tests.flows.bus import call, environment

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


def set_age(cloud: Cloud, queue: str, age_s: int) -> None:
    """Say how old the oldest message of a queue is, as SQS does."""
    metric: Any = {
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": f"{cloud.prefix}-{queue}"}],
        "Timestamp": worker.now(),
        "Value": age_s,
    }
    cloud.clients.cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[metric])


def delivered(
    cloud: Cloud,
    name: str,
    capsys: pytest.CaptureFixture[str],
    *,
    count: int = 1,
    waited_s: int = 1,
    wrapping: Mapping[str, str] = MappingProxyType({}),
) -> list[Datum]:
    """The metrics of events that the bus got so long ago, from it to their first attempts."""
    at = (worker.now() - timedelta(seconds=waited_s)).isoformat().replace("+00:00", "Z")
    events = [
        a_bus_event(an_envelope(id=f"{name}-{number}"), time=at, **wrapping)
        for number in range(count)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
        patch.setenv("PENSTOCK_EXTRA_PORTS", "9")
        assert call(cloud, "fanout", *events) == []
        capsys.readouterr()
        with environment(cloud, "deliver"):
            work = deliver.build(_telemetry.journal)
            messages = [each["Body"] for each in cloud.received("deliver")]
            BatchHandler(lambda _journal: work)(an_sqs_event(*messages), None)
            work.work.deliver.__self__.close()  # type: ignore[attr-defined]
    now_s = worker.now().timestamp()  # what an invocation counts has the time of the machine
    return [replace(each, at_s=now_s) for each in written("deliver", capsys.readouterr().out)]


def log_of(code: str, **environment: str) -> str:
    """What a process of its own writes when it has run this with the telemetry of functions."""
    command = [sys.executable, "-c", f"from functions import _telemetry; {code}"]
    done = subprocess.run(  # noqa: S603 - our own code
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=template.ROOT,
        env={"PATH": "", "PENSTOCK_STACK": "", **environment},
    )
    return done.stdout


def of_url(statuses: Iterable[int], *, at: datetime) -> list[Datum]:
    """What Lambda measures of these answers of the API's URL."""
    return [of_lambda("Url5xxCount", status >= 500, at=at, function="Api") for status in statuses]
