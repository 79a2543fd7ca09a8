"""The functions behind the bus, as Lambda calls them, on an account of the test's own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from functions._batch import BatchHandler
from runtime.wiring import archive, deliver, fanout, profiles, run
from runtime.wiring.worker import Journal, Worker
from tests.builders import an_sqs_event
from tests.cloud import Cloud

BUILDERS: Mapping[str, Callable[[Journal], Worker[Any]]] = {
    "fanout": fanout.build,
    "project_profile": profiles.build,
    "run": run.build,
    "deliver": deliver.build,
    "archive": archive.build,
}


@contextmanager
def environment(cloud: Cloud, function: str) -> Iterator[pytest.MonkeyPatch]:
    """The environment that the template gives to the functions."""
    with pytest.MonkeyPatch.context() as patch:
        names = {
            "CONFIG_TABLE": cloud.config.table.name,
            "DELIVERIES_TABLE": cloud.deliveries.table.name,
            "DELIVERY_LOG_TABLE": cloud.deliveries.log.table.name,
            "RUNS_TABLE": cloud.runs.table.name,
            "EVENTS_TABLE": cloud.events.table.name,
            "PROFILES_TABLE": cloud.profiles.table.name,
            "NAMES_TABLE": cloud.profiles.names.table.name,
            "TIMELINE_TABLE": cloud.timelines.table.name,
            "AUDIT_TABLE": cloud.audit.table.name,
            "LEDGER_TABLE": cloud.table("ledger", sort="sk").name,
            "BUCKET": cloud.bucket.name,
            "BUS": cloud.bus.name,
            "DELIVER_QUEUE_URL": cloud.queue_url("deliver"),
            "SLOW_QUEUE_URL": cloud.queue_url("slow"),
            "BACKLOG_QUEUE_URL": cloud.queue_url("backlog"),
            "RUN_QUEUE_URL": cloud.queue_url("run"),
            "PARK_QUEUE_URL": cloud.queue_url(f"{function}-dead"),
            "SANDBOX_FUNCTION": "sandbox",
            "KMS_KEY_ID": cloud.secrets.key_id,
        }
        for name, value in names.items():
            patch.setenv(f"PENSTOCK_{name}", value)
        yield patch


def call(cloud: Cloud, function: str, *bodies: object) -> list[str]:
    """Hand these bodies to a function's handler; which of them must come again, by number."""
    with environment(cloud, function):
        handler: BatchHandler[Any] = BatchHandler(BUILDERS[function])
        answer: Mapping[str, Any] = handler(an_sqs_event(*bodies), None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def parked(cloud: Cloud, function: str) -> list[str]:
    """The codes of what a function has parked."""
    return cloud.parked_codes(f"{function}-dead")
