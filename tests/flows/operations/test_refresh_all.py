"""`penstock admin refresh`: every table of every warehouse gets a job."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest

from cli import refresh_all
from cli.main import main
from infra.demo.patience import Patience
from runtime.core.jobs.job import JobKind, JobState
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.sync import DestinationKind
from runtime.stores.jobs.jobs import Jobs
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.syncs import Syncs
from runtime.wiring import worker
from tests.builders import NOW
from tests.cloud import Cloud, in_process
from tests.warehouse_records import a_sync

JOBS = "jobs"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with a stack: of two tenants with a warehouse, one takes events alone."""
    with in_process() as account:
        keys = {"pk": "HASH", "sk": "RANGE"}
        table = {
            "TableName": JOBS,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": n, "KeyType": kind} for n, kind in keys.items()],
            "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in keys],
        }
        template = {
            "Resources": {"JobsTable": {"Type": "AWS::DynamoDB::Table", "Properties": table}},
            "Outputs": {
                "ConfigTable": {"Value": account.config.table.name},
                "AuditTable": {"Value": account.audit.table.name},
            },
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        syncs, tenants = Syncs(config=account.config), Tenants(config=account.config)
        for tenant in ("acme", "rival"):
            tenants.ensure(tenant, created_at=NOW)
        syncs.add(a_sync(tenant="acme", id="syn_1"))
        syncs.add(a_sync(tenant="acme", id="syn_2", kind=DestinationKind.S3))
        syncs.add(a_sync(tenant="rival", id="syn_3", selection=Selection(tables=("events",))))
        yield account


def jobs_of(cloud: Cloud) -> Jobs:
    """The jobs of the installation."""
    return Jobs(table=Table(client=cloud.clients.tables, name=JOBS), retention_days=30)


def answer(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    """How the command ends, and its document."""
    code = main(["admin", "refresh", "--stack", "penstock", "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_every_table_of_every_warehouse_gets_a_job(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """And none that comes with another, or a lake that has no tables."""
    code, document = answer(capsys)

    started = [(row["tenant"], row["sync_id"], row["table"]) for row in document["data"]]
    tables = ("events", "profiles", "deliveries", "function_runs")
    assert (0, {("acme", "syn_1", each) for each in tables} | {("rival", "syn_3", "events")}) == (
        code,
        set(started),
    )
    assert len(started) == len(set(started))
    stored = [job for tenant in ("acme", "rival") for job in jobs_of(cloud).list(tenant).items]
    assert {JobKind.SYNC_REFRESH} == {job.kind for job in stored}
    assert {row["job_id"] for row in document["data"]} == {job.id for job in stored}


def test_one_tenant_may_be_meant(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Its neighbours' warehouses have nothing to do with it."""
    assert cloud.config.table.name

    _, document = answer(capsys, "--tenant", "rival")

    assert ["rival"] == [row["tenant"] for row in document["data"]]


@pytest.mark.parametrize(("state", "code"), [(JobState.DONE, 0), (JobState.FAILED, 1)])
def test_it_waits_for_the_end_of_all_and_fails_with_one(
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    state: JobState,
    code: int,
) -> None:
    """A script goes on only when the warehouse is whole."""
    monkeypatch.setattr(refresh_all, "LOOK_AGAIN_S", 0.05)
    with ThreadPoolExecutor(max_workers=1) as others:
        function = others.submit(end_the_job, jobs_of(cloud), state)
        ended, document = answer(capsys, "--tenant", "rival", "--wait")
        function.result()

    assert (code, [str(state)]) == (ended, [row["state"] for row in document["data"]])


def end_the_job(jobs: Jobs, state: JobState) -> None:
    """What the function of jobs does meanwhile."""
    assert Patience(20).until(lambda: bool(jobs.list("rival").items))
    [job] = jobs.list("rival").items
    finished_at = timestamp(worker.now())
    assert jobs.replace(job, replace(job, state=state, due_at_ms=None, finished_at=finished_at))
