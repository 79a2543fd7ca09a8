"""Taking statements away, and what is kept of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.usage import Usage
from infra.removal import proofs, statements
from infra.removal.proofs import Proof
from infra.removal.statements import Statement

TWO: list[dict[str, Any]] = [
    {"Sid": "Read", "Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": "*"},
    {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
]
TRUST = '{"Version": "2012-10-17", "Statement": []}'
PROOF = Proof(
    role="FanoutRole",
    sid="SendHints",
    actions=("sqs:SendMessage",),
    resources=("RunQueue",),
    scene="order",
    refused=("sqs:SendMessage",),
)


@pytest.fixture
def iam() -> Iterator[Any]:
    """An account's roles."""
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


def _role(iam: Any, *granted: Any) -> None:
    iam.create_role(RoleName="fanout", AssumeRolePolicyDocument=TRUST)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(granted)})
    iam.put_role_policy(RoleName="fanout", PolicyName="may", PolicyDocument=document)


def _sids(iam: Any) -> list[str]:
    if not iam.list_role_policies(RoleName="fanout")["PolicyNames"]:
        return []
    document = iam.get_role_policy(RoleName="fanout", PolicyName="may")["PolicyDocument"]
    return [each["Sid"] for each in document["Statement"]]


def _statement(place: int) -> Statement:
    return Statement(
        role="FanoutRole",
        sid=TWO[place]["Sid"],
        actions=("sqs:SendMessage",),
        resources=("RunQueue",),
        arns=("*",),
        holder="fanout",
        policy="may",
        place=place,
    )


def _fail_without(iam: Any, statement: Statement) -> None:
    with statements.without(iam, statement):
        raise ValueError(f"the scene saw {_sids(iam)}")


@pytest.mark.parametrize("place", [0, 1])
def test_a_statement_is_away_while_the_block_runs_and_back_when_it_fails(
    iam: Any, place: int
) -> None:
    """A role that stays without one would fail every scene that comes later."""
    _role(iam, *TWO)
    rest = [each["Sid"] for each in TWO if each is not TWO[place]]
    with pytest.raises(ValueError, match="the scene saw") as seen:
        _fail_without(iam, _statement(place))
    assert f"the scene saw {rest}" == str(seen.value)
    assert ["Read", "Send"] == _sids(iam)


def test_the_only_statement_of_a_policy_is_taken_away_with_the_policy(iam: Any) -> None:
    """IAM takes no policy without a statement."""
    _role(iam, TWO[0])
    with statements.without(iam, _statement(0)):
        assert [] == _sids(iam)
    assert ["Read"] == _sids(iam)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:dynamodb:us-east-1:000000000000:table/x-Runs-1/index/due", "Runs/index/due"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/x-Runs-1/stream/2026-11-26", "Runs/stream"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/x-Runs-1/stream/*", "Runs/stream/*"),
        ("arn:aws:s3:::x-bucket-1/raw/*", "Bucket/raw/*"),
        ("arn:aws:iam::*:role/penstock/*", "arn:aws:iam::*:role/penstock/*"),
        ("arn:aws:logs:us-east-1:000000000000:log-group:/penstock/run:*", "RunLogs"),
        ("*", "*"),
    ],
)
def test_an_arn_is_told_by_the_templates_names(arn: str, name: str) -> None:
    """Names of an account differ from one deployment to the next; a proof must not."""
    names = {"x-Runs-1": "Runs", "x-bucket-1": "Bucket", "/penstock/run": "RunLogs"}
    assert name == statements.short(arn, names)


def test_proofs_are_kept_as_they_were(tmp_path: Path) -> None:
    """In the file of a run that has ended, and in the journal of one that has not."""
    file, journal = tmp_path / "proofs.json", tmp_path / "journal"
    proofs.save([PROOF], file)
    proofs.note([PROOF], journal)
    proofs.note([PROOF], journal)
    assert [PROOF] == proofs.load(file)
    assert [PROOF, PROOF] == proofs.begun(journal)
    proofs.forget(journal)
    assert [] == proofs.begun(journal)


def test_usage_counts_from_where_it_is_asked_to(tmp_path: Path) -> None:
    """What a scene is refused must not be what an earlier one was."""
    usage = Usage(tmp_path / "usage.jsonl")
    assert usage.from_here().noted("sent") == frozenset()
    usage.file.write_text('["sent", "first"]\n')
    later = usage.from_here()
    with usage.file.open("a") as file:
        file.write('["sent", "second"]\n')
    assert {("first",), ("second",)} == usage.noted("sent")
    assert {("second",)} == later.noted("sent")
