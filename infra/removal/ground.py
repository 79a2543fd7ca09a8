"""The local cloud that statements are taken away from, and tenants on it that nothing else uses.

Its schedules are off. So whatever happens on it is what a scene does, or comes of that.
"""

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3

from cli.client import Client
from infra.demo.progress import Progress
from infra.demo.receiver import Receiver, receiving
from infra.demo.setup import Setup
from infra.demo.stage import PARAMETERS, Stage, furnish
from infra.local import cloud, deploy, emulator
from infra.local.bootstrap import bootstrap
from infra.local.cloud import Options
from infra.local.emulator import forget_usage
from infra.local.place import ROOT, Place
from infra.local.state import LocalCloud
from infra.local.usage import Usage

PLACE: Final = Place(ROOT / ".local" / "removal")
ON, OFF = "ENABLED", "DISABLED"
SETTABLE: Final = (
    "Name",
    "ScheduleExpression",
    "FlexibleTimeWindow",
    "Target",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One local cloud."""

    local: LocalCloud
    session: boto3.Session  # with the credentials of the account's root
    outputs: Mapping[str, str]  # of the stack
    usage: Usage  # all that the emulator has written down

    def client(self, service: Any) -> Any:
        """A client of one of its services."""
        return self.session.client(service, endpoint_url=self.local.aws_endpoint)

    def fresh_usage(self) -> Usage:
        """What is used from now on, whatever was used before."""
        forget_usage(self.local.aws_endpoint)
        return self.usage.from_here()

    @contextmanager
    def tenant(
        self, progress: Progress, begin: Callable[[Client, Receiver], Setup]
    ) -> Iterator[Stage]:
        """A tenant without any history, so that no function has anything of it in a cache.

        Its receiver accepts whatever is signed as it must be.
        """
        name = f"t{uuid.uuid4().hex[:12]}"
        key = bootstrap(
            self.session, endpoint=self.local.aws_endpoint, outputs=self.outputs, tenant=name
        )
        own = dataclasses.replace(self.local, tenant=name, api_key=key)
        with receiving() as receiver:
            receiver.is_ever_busy = False
            stage = furnish(
                own, receiver=receiver, progress=progress, usage=self.usage, begin=begin
            )
            try:
                yield stage
            finally:  # the planner and the checks go through the syncs of all tenants
                for sync in stage.api.get("/v1/syncs")["data"]:
                    stage.api.post(f"/v1/syncs/{sync['id']}/pause")


@contextmanager
def new_ground(progress: Progress) -> Iterator[Ground]:
    """A new local cloud, which is gone when the block ends."""
    cloud.down(PLACE)  # of a run that was killed, which may have left a role without a statement
    options = Options(allow_local_http=True, parameters=PARAMETERS)
    cloud.up(options, place=PLACE, say=progress.step)
    try:
        yield ground_of(PLACE)
    finally:
        cloud.down(PLACE)


def ground_of(place: Place) -> Ground:
    """The local cloud that is up in a folder, with its schedules off."""
    local = cloud.status(place).cloud
    if local is None:
        raise LookupError(f"no local cloud is up in {place.root}")
    session = emulator.root()
    outputs = deploy.outputs(session.client("cloudformation", endpoint_url=local.aws_endpoint))
    ground = Ground(local=local, session=session, outputs=outputs, usage=Usage(place.usage_file))
    switch(ground.client("scheduler"), OFF)
    return ground


def switch(scheduler: Any, state: str) -> None:
    """Let all schedules of the account come, or none."""
    for page in scheduler.get_paginator("list_schedules").paginate():
        for each in page["Schedules"]:
            schedule = scheduler.get_schedule(Name=each["Name"])
            kept = {name: schedule[name] for name in SETTABLE}
            scheduler.update_schedule(**kept, State=state)
