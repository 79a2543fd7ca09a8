"""What the demo says of parts that nothing used, asked of a small installation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.demo import coverage
from infra.demo.coverage import BLIND, Grant, Installation
from infra.local.usage import Usage

QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A role that may send to a queue and write a log, and that queue; nothing was used yet."""
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("events").create_event_bus(Name="bus")
        session.client("sqs").create_queue(QueueName="work")
        _grant(session, "sqs:SendMessage", QUEUE)
        yield Installation(
            session=session, endpoint=None, bus="bus", usage=Usage(tmp_path / "usage.jsonl")
        )


def test_an_unused_grant_is_named(installation: Installation) -> None:
    """A permission that nobody misses when it is gone must not stay."""
    _note(installation, ["sent", QUEUE])
    [sentence] = coverage.problems(installation)
    assert f"grants sqs:SendMessage on {QUEUE} to worker (Send), which nothing used" in sentence


def test_a_used_grant_is_not_named(installation: Installation) -> None:
    """The line in the notes is what shows it at work."""
    _note(installation, ["sent", QUEUE], ["allowed", "worker", "Send", "sqs:SendMessage", QUEUE])
    assert not list(coverage.problems(installation))


def test_another_statement_does_not_stand_in_for_a_grant(installation: Installation) -> None:
    """Of two statements that allow the same, one would go without anybody noticing."""
    _note(installation, ["sent", QUEUE], ["allowed", "worker", "Else", "sqs:SendMessage", QUEUE])
    assert list(coverage.problems(installation))


def test_an_idle_queue_is_named(installation: Installation) -> None:
    """A queue that nothing feeds is a lost mapping or target."""
    _note(installation, ["allowed", "worker", "Send", "sqs:SendMessage", QUEUE])
    assert [f"nothing was ever sent to {QUEUE}"] == list(coverage.problems(installation))


def test_a_work_queue_that_nothing_reads_is_named(installation: Installation) -> None:
    """That is what a missing event source mapping looks like."""
    sqs = installation.client("sqs")
    sqs.create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": QUEUE[: -len("work")] + "dead"})
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    redrive = json.dumps({**json.loads(redrive), "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    _note(
        installation,
        ["sent", QUEUE],
        ["sent", QUEUE[: -len("work")] + "dead"],
        ["allowed", "worker", "Send", "sqs:SendMessage", QUEUE],
    )
    assert [f"nothing reads {QUEUE}"] == list(coverage.problems(installation))


def test_a_target_that_a_rule_never_reached_is_named(installation: Installation) -> None:
    """A rule that matches nothing looks sound in the template."""
    events = installation.client("events")
    rule = events.put_rule(
        Name="all", EventBusName="bus", EventPattern=json.dumps({"source": ["penstock.events"]})
    )["RuleArn"]
    events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "q", "Arn": QUEUE}])
    _note(installation, ["sent", QUEUE], ["allowed", "worker", "Send", "sqs:SendMessage", QUEUE])
    assert [f"{rule} never reached {QUEUE}"] == list(coverage.problems(installation))


def test_log_permissions_are_left_to_the_tests_of_the_template() -> None:
    """The emulator writes logs under no role, so that the demo cannot know."""
    log = Grant(holder="worker", sid="OwnLog", action="logs:PutLogEvents", resource="arn:x")
    other = Grant(holder="worker", sid="Read", action="s3:GetObject", resource="arn:x")
    assert any(blind.covers(log) for blind in BLIND)
    assert not any(blind.covers(other) for blind in BLIND)


def test_a_refusal_is_a_sentence(installation: Installation) -> None:
    """It is the first thing that a failed demo says."""
    _note(installation, ["denied", "worker", "s3:PutObject", "arn:aws:s3:::b/k"])
    assert ["worker was denied s3:PutObject on arn:aws:s3:::b/k"] == installation.usage.denials()


def test_an_installation_that_was_never_used_has_no_notes(tmp_path: Path) -> None:
    """The file comes with the first note."""
    assert not Usage(tmp_path / "none.jsonl").denials()


def _note(installation: Installation, *lines: list[str]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    installation.usage.file.write_text(text, encoding="utf-8")


def _grant(session: boto3.Session, action: str, resource: str) -> None:
    iam = session.client("iam")
    trust: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    statement = {"Sid": "Send", "Effect": "Allow", "Action": [action], "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(document))
