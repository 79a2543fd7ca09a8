"""What an installed stack consists of: how an admin's command finds the installation's parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from runtime.errors import NotFound, Transient
from runtime.stores.aws.clients import QUICK

QUEUE: Final = "AWS::SQS::Queue"
NESTED: Final = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that a stack has made."""

    name: str  # as the template calls it
    id: str  # as its service calls it: a name, a URL or an ARN
    kind: str  # such as `AWS::SQS::Queue`
    status: str  # CloudFormation's word, such as `CREATE_COMPLETE`


def outputs(stack: str, **settings: Any) -> dict[str, str]:
    """The outputs of the stack, in the account and region of the AWS settings in force.

    Args:
        stack: its name.
        settings: of botocore's client, in place of those in force.

    Raises:
        NotFound: code `stack_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    outputs = _described(stack, **settings).get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def parameters(stack: str) -> dict[str, str]:
    """The parameters that the stack was deployed with; for the errors see `outputs`."""
    parameters = _described(stack).get("Parameters", [])
    return {each["ParameterKey"]: each["ParameterValue"] for each in parameters}


def queues(stack: str, *, cloudformation: Any) -> dict[str, str]:
    """The URLs of the stack's queues, by their names in the template; also of its nested stacks'.

    Raises:
        NotFound: code `stack_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    found = resources(stack, cloudformation=cloudformation)
    return {each.name: each.id for each in found if each.kind == QUEUE}


def resources(stack: str, *, cloudformation: Any) -> list[Resource]:
    """All that the stack has made, and what its nested stacks have; for the errors see `queues`."""
    with _faults(stack):
        return list(_resources(stack, cloudformation))


def _described(stack: str, **settings: Any) -> Any:
    with _faults(stack):
        session = botocore.session.get_session()
        client: Any = session.create_client("cloudformation", config=QUICK, **settings)
        return client.describe_stacks(StackName=stack)["Stacks"][0]


def _resources(stack: str, cloudformation: Any) -> Iterator[Resource]:
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            # A resource that is being made has no id yet, and one that was deleted is still listed.
            if "PhysicalResourceId" not in each or each["ResourceStatus"].startswith("DELETE"):
                continue
            found = Resource(
                name=each["LogicalResourceId"],
                id=each["PhysicalResourceId"],
                kind=each["ResourceType"],
                status=each["ResourceStatus"],
            )
            yield found
            if found.kind == NESTED:
                yield from _resources(found.id, cloudformation)


@contextmanager
def _faults(stack: str) -> Iterator[None]:
    try:
        yield
    except ClientError as problem:
        code = problem.response["Error"].get("Code", "")
        if code == "ValidationError":  # CloudFormation's word for a stack that is not there
            raise NotFound(f"there is no stack {stack!r} here", code="stack_not_found") from problem
        raise Transient(f"read the stack: {code}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(f"read the stack: {problem}", code="aws_unavailable") from problem
