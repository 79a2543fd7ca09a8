"""The messages of runs that were not made: the deployed handler, on a real queue."""

from typing import Any

import pytest

from functions._batch import BatchHandler
from runtime.wiring import run
from tests.builders import a_run_message, an_event, an_sqs_event
from tests.cloud import Cloud
from tests.flows.bus import environment
from tests.queue_clock import QueueClock


def test_a_run_that_the_platform_could_not_make_comes_again_in_half_a_minute(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue would keep it for twenty minutes, though the fault may be over in a second."""
    clock, sqs, url = QueueClock(monkeypatch), cloud.clients.sqs, cloud.queue_url("run")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1205"})
    cloud.hints("run").send([a_run_message(event=an_event().to_json())])
    clock.pass_by(1)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = an_sqs_event(message["Body"])
    event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
    with environment(cloud, "run"):
        cloud.clients.dynamodb.delete_table(TableName=cloud.config.table.name)
        handler: BatchHandler[Any] = BatchHandler(run.build)
        answer = handler(event, None)

    assert [{"itemIdentifier": "message-0"}] == answer["batchItemFailures"]
    clock.pass_by(30)
    assert not cloud.received("run")
    clock.pass_by(1)
    assert [message["Body"]] == [each["Body"] for each in cloud.received("run")]
