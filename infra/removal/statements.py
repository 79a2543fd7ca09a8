"""Reads what the deployed roles may do, statement by statement, and takes a statement away."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

ACCOUNT: Final = re.compile(r"arn:aws:[\w-]+:[\w-]*:\d*:")  # what an ARN begins with
KINDS: Final = re.compile(r"^(table/|function:|event-bus/|key/|role/|log-group:)")

STREAM: Final = re.compile(r"/stream/[^*].*")  # of one label, which is the time of its making


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one role, in the template's names."""

    role: str  # the role's name in the template, such as FanoutRole
    sid: str  # the statement's; the policy's name, where SAM makes the statement without one
    actions: tuple[str, ...]  # that it allows
    resources: tuple[str, ...]  # on what, such as ConfigTable or Bucket/raw/*
    arns: tuple[str, ...] = field(compare=False)  # the same resources in the account
    holder: str = field(compare=False)  # the role's name in the account
    policy: str = field(compare=False)  # the name of the role's policy that has it
    place: int = field(compare=False)  # where it stands in the policy, from 0

    @property
    def id(self) -> str:
        """Tells it from all others."""
        return f"{self.role}.{self.sid}"


def read(iam: Any, cloudformation: Any, *, stack: str) -> list[Statement]:
    """Every statement of every role of an installation, in the order of roles' names."""
    names = dict(_names(cloudformation, stack))
    return [
        statement
        for holder, name in sorted(names.items(), key=lambda each: each[1])
        if name.endswith("Role")
        for statement in _of_role(iam, holder, names)
    ]


@contextmanager
def without(iam: Any, statement: Statement) -> Iterator[None]:
    """Let the role do without a statement until the block ends."""
    policy = {"RoleName": statement.holder, "PolicyName": statement.policy}
    document = _document(iam, statement.holder, statement.policy)
    rest = [each for n, each in enumerate(document["Statement"]) if n != statement.place]
    if rest:
        remaining = json.dumps({**document, "Statement": rest})
        iam.put_role_policy(**policy, PolicyDocument=remaining)
    else:
        iam.delete_role_policy(**policy)
    try:
        yield
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))


def _of_role(iam: Any, holder: str, names: Mapping[str, str]) -> Iterator[Statement]:
    for policy in iam.list_role_policies(RoleName=holder)["PolicyNames"]:
        for place, each in enumerate(_document(iam, holder, policy)["Statement"]):
            yield Statement(
                role=names[holder],
                sid=each.get("Sid", policy),
                actions=tuple(_several(each["Action"])),
                resources=tuple(short(arn, names) for arn in _several(each["Resource"])),
                arns=tuple(_several(each["Resource"])),
                holder=holder,
                policy=policy,
                place=place,
            )


def short(arn: str, names: Mapping[str, str]) -> str:
    """An ARN in the template's names: Bucket/raw/* for all objects below a prefix."""
    text = KINDS.sub("", ACCOUNT.sub("", arn, count=1))
    for ours, name in names.items():
        if text == ours or text.startswith((f"{ours}/", f"{ours}:")):
            return STREAM.sub("/stream", f"{name}{text[len(ours) :].removesuffix(':*')}")
    return text


def _names(cloudformation: Any, stack: str) -> Iterator[tuple[str, str]]:
    """What each thing is called in the account and in the template, nested stacks included."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for each in page["StackResourceSummaries"]:
            if each["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from _names(cloudformation, each["PhysicalResourceId"])
            elif each["ResourceType"] not in {"AWS::KMS::Alias", "AWS::S3::BucketPolicy"}:
                name = each["LogicalResourceId"]
                yield each["PhysicalResourceId"].rpartition("000000000000/")[2], name


def _document(iam: Any, holder: str, policy: str) -> dict[str, Any]:
    answer: Any = iam.get_role_policy(RoleName=holder, PolicyName=policy)["PolicyDocument"]
    return {**answer, "Statement": _several(answer["Statement"])}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
