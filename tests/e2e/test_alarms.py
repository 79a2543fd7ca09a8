"""The alarms as they are deployed: the local CloudWatch judges them by what functions write."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.client import Client
from infra.local import deploy, emulator
from infra.local.state import LocalCloud
from tests.alarms import ALARMS
from tests.builders import a_bus_event, an_sqs_event

pytestmark = pytest.mark.e2e

Service = Callable[[str], Any]


@pytest.fixture
def aws(local_cloud: LocalCloud) -> Service:
    """Clients of the local cloud's account."""
    session: Any = emulator.root()
    return lambda service: session.client(service, endpoint_url=local_cloud.aws_endpoint)


def judged(aws: Service) -> dict[str, str]:
    """What each alarm says now, as the template calls it."""
    pages = aws("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    return {
        name: alarm["StateValue"]
        for name in ALARMS
        for alarm in alarms
        if f"-{name}-" in alarm["AlarmName"]
    }


def call(aws: Service, function: str, event: object) -> None:
    """Call a function, as the template names it, and wait until it has ended well."""
    name = deploy.function(aws("lambda"), function)
    answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_every_alarm_of_the_template_is_there_and_silent(aws: Service, api: Client) -> None:
    """Metric math and all; a call of the API and a sweep are a normal day."""
    api.get("/v1/webhooks")
    call(aws, "SweepFunction", {})

    states = judged(aws)

    assert states.keys() == ALARMS.keys()
    assert {name: state for name, state in states.items() if state == "ALARM"} == {}


def test_what_functions_log_are_metrics_of_the_installation(
    aws: Service, api: Client, local_cloud: LocalCloud
) -> None:
    """And what its URL answers is counted, as Lambda does."""
    api.get("/v1/webhooks")
    call(aws, "FanoutFunction", an_sqs_event(a_bus_event()))
    pages = aws("cloudwatch").get_paginator("list_metrics").paginate()
    known = {(each["Namespace"], each["MetricName"]) for page in pages for each in page["Metrics"]}

    assert ("AWS/Lambda", "Url5xxCount") in known
    assert (f"Penstock/{local_cloud.stack}", "records") in known


def test_an_alarm_fires_when_its_metric_says_so(aws: Service, local_cloud: LocalCloud) -> None:
    """By its threshold, and only it."""
    before = judged(aws)
    aws("cloudwatch").put_metric_data(
        Namespace=f"Penstock/{local_cloud.stack}",
        MetricData=[{"MetricName": "rows_lost", "Value": 3, "Timestamp": datetime.now(UTC)}],
    )

    after = judged(aws)

    assert {name for name in ALARMS if after[name] != before[name]} == {"RowsLost"}
    assert after["RowsLost"] == "ALARM"
