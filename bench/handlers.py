"""Measures the CPU time of the `fanout` and `deliver` handlers, in a process of their own.

The receiver and the emulated AWS run in other processes. So this counts what a Lambda would be
billed for at full speed: our code, the AWS client and the HTTP client.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from bench.deployed import functions
from bench.flow import viewed_page
from bench.queued import from_the_bus, records
from bench.report import Row
from infra.demo.stage import Stage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

ROOT: Final = Path(__file__).parents[1]
BATCH: Final = 10
BATCHES: Final = 50
WARM_UP: Final = 5
QUEUE: Final = "bench-deliver"  # nobody but this bench reads it


def spend(stage: Stage) -> Mapping[str, float]:
    """Milliseconds of CPU per delivered webhook, by handler, in batches of ten."""
    queue = stage.sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    variables_by_module = {function.module: function.variables for function in functions(stage)}
    environment = {
        **os.environ,
        **variables_by_module["functions.fanout"],
        **variables_by_module["functions.deliver"],
        "PENSTOCK_DELIVER_QUEUE_URL": queue,
        "BENCH_TENANT": stage.tenant,
    }
    process = subprocess.run(
        [sys.executable, "-m", "bench.handlers"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise RuntimeError(f"bench.handlers: {process.stderr[-2000:]}")
    result: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return result


def rows(result: Mapping[str, float]) -> Iterator[Row]:
    """The result of `spend`, as rows."""
    for name in ("fanout", "deliver"):
        yield Row(
            what=f"CPU in `{name}` per delivered webhook",
            value=f"{result[name]:.2f} ms",
            how=f"{BATCHES} batches of {BATCH}, 1 KB payload, keep-alive receiver",
        )
    yield Row(
        what="CPU in `fanout` + `deliver` per delivered webhook",
        value=f"{result['fanout'] + result['deliver']:.2f} ms",
        how="the sum of the two",
    )
    yield Row(
        what="CPU of one `put_item` by botocore's client, for scale",
        value=f"{result['botocore']:.2f} ms",
        how=f"{BATCHES * BATCH} of a 1 KB item, between the batches of `deliver`",
    )


class _Context:
    """The part of Lambda's context that Powertools reads."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _main() -> None:
    from functions import deliver, fanout

    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    item: Any = {"pk": {"S": "bench"}, "content": {"S": "x" * 1000}}
    queue = os.environ["PENSTOCK_DELIVER_QUEUE_URL"]
    seconds_by_handler: dict[str, list[float]] = {"fanout": [], "deliver": [], "botocore": []}
    for number in range(WARM_UP + BATCHES):
        seconds_by_handler["fanout"].append(_cpu_s(fanout.handler, _matched(number)))
        seconds_by_handler["deliver"].append(_cpu_s(deliver.handler, _queued(sqs, queue)))
        began_s = time.process_time()
        for _ in range(BATCH):
            dynamodb.put_item(TableName=os.environ["PENSTOCK_DELIVERIES_TABLE"], Item=item)
        seconds_by_handler["botocore"].append(time.process_time() - began_s)
    result = {
        name: sum(seconds[WARM_UP:]) * 1000 / (BATCHES * BATCH)
        for name, seconds in seconds_by_handler.items()
    }
    print(json.dumps(result))


def _cpu_s(handler: Any, event: Mapping[str, Any]) -> float:
    began_s = time.process_time()
    answer = handler(event, _Context())
    spent_s = time.process_time() - began_s
    if answer["batchItemFailures"]:
        raise RuntimeError(f"{handler.__module__} failed: {answer}")
    return spent_s


def _matched(number: int) -> dict[str, Any]:
    tenant = os.environ["BENCH_TENANT"]
    details = [viewed_page(f"cpu-{number}-{n}", tenant=tenant) for n in range(BATCH)]
    return records(map(from_the_bus, details))


def _queued(sqs: "SQSClient", queue: str) -> dict[str, Any]:
    bodies: list[str] = []
    while len(bodies) < BATCH:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=BATCH, WaitTimeSeconds=5)
        for message in answer["Messages"]:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return records(bodies)


if __name__ == "__main__":
    _main()
