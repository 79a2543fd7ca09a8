"""Sets the demo up: a local cloud, its clients, the receiver, and what a customer makes."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3

from cli._connection import Connection
from cli.client import Client
from infra.demo.feed import Doors
from infra.demo.progress import Progress
from infra.demo.receiver import Receiver, receiving
from infra.demo.setup import Setup, install
from infra.demo.warehouse import Warehouse, of_local_cloud
from infra.local import cloud, deploy, emulator
from infra.local.cloud import Options
from infra.local.place import Place
from infra.local.state import LocalCloud, Phase
from infra.local.usage import Usage
from runtime.errors import Conflict, Permanent

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sqs import SQSClient

# It is looked every minute which syncs are due. The longest delay in SQS is so short that some
# of the default schedule's first retries (5 s, with jitter) wait in the queue, and some in the due
# index.
PARAMETERS: Final = {
    "SyncPlanSchedule": "rate(1 minute)",
    "CompactionSchedule": "rate(1 minute)",
    "ReconcileSchedule": "rate(1 minute)",
    "SyncCheckSchedule": "rate(1 minute)",
    "QueueDelayMaxSeconds": "5",
    "ErasureSecondLookSeconds": "5",
}


class PermissionMissing(Permanent):
    """A call was refused that the template should allow."""

    code = "permission_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that the acts of the demo use."""

    local: LocalCloud
    api: Client
    doors: Doors
    receiver: Receiver
    setup: Setup
    warehouse: Warehouse
    session: boto3.Session
    events: "EventBridgeClient"
    sqs: "SQSClient"
    usage: Usage
    progress: Progress

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.local.tenant

    def refuse_denials(self) -> None:
        """Raise if a call has been refused. It would be tried for ever, and the demo would wait.

        Raises:
            PermissionMissing: a call has been; the message says who was refused what.
        """
        _refuse_denials(self.usage)

    def client(self, service: Any) -> Any:
        """A client of the local cloud, as the account's root."""
        return self.session.client(service, endpoint_url=self.local.aws_endpoint)

    def invoke(self, function: str, event: Mapping[str, Any]) -> None:
        """Have a Lambda of the template run on an event; `function` is its name there."""
        payload = json.dumps(event)
        functions = self.client("lambda")
        name = deploy.function(functions, function)
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)

    def call(self, function: str, event: Mapping[str, Any]) -> Any:
        """What a Lambda of the template answers to an event."""
        payload = json.dumps(event)
        functions = self.client("lambda")
        name = deploy.function(functions, function)
        answer = functions.invoke(FunctionName=name, Payload=payload)
        return json.loads(answer["Payload"].read())

    def table(self, name: str) -> str:
        """The deployed name of a table of the template."""
        pages = self.client("dynamodb").get_paginator("list_tables").paginate()
        names = [table for page in pages for table in page["TableNames"]]
        return str(next(table for table in names if f"-{name}-" in table))


@contextmanager
def set_stage(
    progress: Progress, *, keep: bool = False, parameters: Mapping[str, str] = PARAMETERS
) -> Iterator[Stage]:
    """A local cloud with everything that a customer makes.

    Args:
        progress: shows the steps.
        keep: leave the cloud up at the end.
        parameters: of the template, where they differ from its defaults.

    Raises:
        Conflict: a local cloud is up or kept in this folder.
        PermissionMissing: the demo failed, and a call had been refused.
    """
    place = Place()
    if cloud.status(place).phase in (Phase.STOPPED, Phase.HALF_DEAD):
        raise Conflict(
            "a local cloud is kept here, and the demo needs a new one: `penstock local reset`"
            " empties it",
            code="local_kept",
        )
    options = Options(allow_local_http=True, parameters=parameters)
    usage = Usage(place.usage_file)
    local = cloud.up(options, place=place, say=progress.step)
    try:
        with receiving() as receiver:
            progress.step("publishing three functions, making three webhooks and a warehouse sync")
            yield furnish(local, receiver=receiver, progress=progress, usage=usage)
    except Exception:
        _refuse_denials(usage)  # a refused call explains the failure better
        raise
    finally:
        if not keep:
            progress.step("taking the local cloud down")
            cloud.down(place)


def furnish(
    local: LocalCloud,
    *,
    receiver: Receiver,
    progress: Progress,
    usage: Usage,
    begin: Callable[[Client, Receiver], Setup] = install,
) -> Stage:
    """What the acts use, for one tenant of a local cloud, who has begun as `begin` does."""
    session = emulator.root()
    api = Client(Connection(url=local.api_url, key=local.api_key, origin="the demo"))
    events = session.client("events", endpoint_url=local.aws_endpoint)
    return Stage(
        local=local,
        api=api,
        doors=Doors(api=api, events=events, bus=local.bus, tenant=local.tenant),
        receiver=receiver,
        setup=begin(api, receiver),
        warehouse=of_local_cloud(local, session),
        session=session,
        events=events,
        usage=usage,
        sqs=session.client("sqs", endpoint_url=local.aws_endpoint),
        progress=progress,
    )


def _refuse_denials(usage: Usage) -> None:
    denials = usage.denials()
    if denials:
        raise PermissionMissing("; ".join(denials))
