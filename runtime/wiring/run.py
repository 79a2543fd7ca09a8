"""Composition root of `run`: runs what hints ask for, and applies what the runs leave."""

import uuid
from typing import TYPE_CHECKING

from runtime import settings
from runtime.stores.tables.table import Table
from runtime.wiring import limits, parts, people_parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.functions.run_plan import PlannedRun


def build(journal: Journal) -> "Worker[PlannedRun]":
    """A worker that runs what hints ask for, and applies what the runs leave."""
    from runtime.core.functions import run_plan
    from runtime.core.timestamps import timestamp
    from runtime.core.usage.quotas import Metered
    from runtime.stores.functions.sandbox_function import SandboxFunction
    from runtime.stores.pacing.turns import Turns
    from runtime.stores.queues import HandedOut
    from runtime.usecases.functions.apply_run import ApplyRun
    from runtime.usecases.functions.run_function import RunFunctions
    from runtime.usecases.pacing.admit_runs import AdmitRuns
    from runtime.usecases.pacing.lease_messages import LeaseMessages

    installation = settings.load()
    clients = parts.clients(installation)
    runs = parts.runs(clients, installation)
    parked = parts.parked(clients, installation)
    apply = ApplyRun(
        bus=parts.bus(clients, installation),
        deliver_queue=parts.hints(clients, installation.deliver_queue_url),
        run_queue=parts.hints(clients, installation.run_queue_url),
        deliveries=parts.deliveries(clients, installation),
        parked=parked,
        queue_delay_max_s=installation.queue_delay_max_s,
    )
    work = RunFunctions(
        functions=parts.functions(clients, installation),
        runs=runs,
        people=people_parts.people(clients, installation),
        sandbox=SandboxFunction(client=clients.functions, name=installation.sandbox_function),
        admit=AdmitRuns(
            permits=Turns(
                table=Table(client=clients.tables, name=installation.runs_table),
                clock=worker.now,
            ),
            hints=parts.hints(clients, installation.run_queue_url),
            dice=parts.DICE.random,
            new_owner=lambda: uuid.uuid4().hex,
            clock=worker.now,
        ),
        apply=apply,
        tend=parts.tend_functions(clients, installation, journal),
        unseal=parts.secrets(clients, installation).open,
        clock=worker.now,
        dice=parts.DICE.random,
        journal=journal,
        allow_local_http=installation.allow_local_http,
        quota=limits.quota(clients, installation, Metered.RUNS),
    )

    def decode(body: str) -> "PlannedRun":
        return run_plan.parse(body, now=timestamp(worker.now()))

    return Worker(
        decode=decode,
        work=work,
        park=parked.park,
        lease=LeaseMessages(
            messages=HandedOut(client=clients.queues, url=installation.run_queue_url),
            journal=journal,
        ),
    )
