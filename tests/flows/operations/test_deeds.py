"""What an admin does to a whole installation is on record, and no tenant hears of it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cli.main import main
from runtime.core.audit.entry import INSTALLATION, ChangeOutcome
from runtime.core.audit.selection import Selection
from runtime.core.events import envelope
from runtime.core.operations.deeds import Deed
from runtime.errors import BadInput, Transient
from runtime.usecases.audit.record_deed import RecordDeed
from tests.cloud import Cloud, in_process
from tests.doubles import FakeClock

STACK = "penstock"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with an installed stack."""
    with in_process() as account:
        outputs = {
            "ConfigTable": account.config.table.name,
            "AuditTable": account.audit.table.name,
            "KeyArn": account.secrets.key_id,
        }
        queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
        template = {
            "Resources": {"RunQueue": queue, "RunQueueDeadLetters": queue},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName=STACK, TemplateBody=json.dumps(template)
        )
        yield account


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a command prints that ends well."""
    assert 0 == main(["admin", *words, "--stack", STACK, "--json"])
    return json.loads(capsys.readouterr().out)


def test_each_deed_says_who_did_it_and_how_it_ended(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest first; of a switch also how it stood before."""
    assert cloud.config.table.name
    run(capsys, "pause", "delivery")
    run(capsys, "resume", "delivery")
    run(capsys, "rotate-keys")
    run(capsys, "dead-letters", "redrive")

    entries = run(capsys, "audit")["data"]

    deeds = [Deed.REDRIVEN, Deed.ROTATED, Deed.RESUMED, Deed.PAUSED]
    assert deeds == [each["action"] for each in entries]
    assert {"done"} == {each["outcome"] for each in entries}
    [caller] = {each["actor"]["name"] for each in entries}
    assert caller == boto3.client("sts").get_caller_identity()["Arn"]
    paused = entries[-1]
    assert ("delivery", None) == (paused["resource"]["id"], paused["before"]["paused_at"])
    assert paused["after"]["paused_at"] is not None
    assert 1 == len(run(capsys, "audit", "--limit", "1")["data"])


def test_a_deed_that_fails_says_so(cloud: Cloud) -> None:
    """Refused, nothing was done; cut short by AWS, it may have been."""
    clock = FakeClock()
    record = RecordDeed(entries=cloud.audit, clock=clock, new_id=lambda kind: f"{kind}_x")

    for problem in (BadInput("no", code="bad"), Transient("later", code="aws_unavailable")):
        clock.advance(1)

        def fail(problem: Exception = problem) -> dict[str, Any]:
            raise problem

        with pytest.raises(type(problem)):
            record(Deed.ROTATED, who="x", resource_id=str(problem), before=None, deed=fail)

    kept = cloud.audit.list(INSTALLATION, Selection()).items
    assert {
        (ChangeOutcome.REFUSED, "bad"),
        (ChangeOutcome.UNKNOWN, "aws_unavailable"),
    } == {(each.outcome, each.code) for each in kept}


def test_nobody_is_told_of_it(cloud: Cloud) -> None:
    """An event needs a tenant, and this one is none: nobody can be called so."""
    record = RecordDeed(entries=cloud.audit, clock=FakeClock(), new_id=lambda kind: f"{kind}_x")

    record(Deed.PAUSED, who="x", resource_id="intake", before=None, deed=dict)

    [entry] = cloud.audit.list(INSTALLATION, Selection()).items
    assert entry.due_at_ms is None
    with pytest.raises(BadInput):
        envelope.check_tenant(INSTALLATION)
