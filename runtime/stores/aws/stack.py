"""The outputs of an installed stack: how an admin's command finds the installation's parts."""

from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from runtime.errors import NotFound, Transient
from runtime.stores.aws.clients import QUICK


def outputs(stack: str) -> dict[str, str]:
    """The outputs of the stack, in the account and region of the AWS settings in force.

    Raises:
        NotFound: code `stack_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    try:
        client: Any = botocore.session.get_session().create_client("cloudformation", config=QUICK)
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as problem:
        code = problem.response["Error"].get("Code", "")
        if code == "ValidationError":  # CloudFormation's word for a stack that is not there
            raise NotFound(f"there is no stack {stack!r} here", code="stack_not_found") from problem
        raise Transient(f"read the stack: {code}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(f"read the stack: {problem}", code="aws_unavailable") from problem
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
