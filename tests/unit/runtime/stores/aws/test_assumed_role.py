"""A session in the name of another role."""

from typing import Any

import boto3
import botocore.session
from moto import mock_aws

from runtime.stores.aws.assumed_role import SESSION_NAME, session_as

ROLE = "arn:aws:iam::123456789012:role/loader"


@mock_aws
def test_who_calls_is_the_role_by_the_name_that_all_processes_share() -> None:
    """A statement is shown to the role and session name that sent it, whichever process asks."""
    caller = botocore.session.get_session()
    session = session_as(ROLE, caller=caller)

    sts: Any = session.create_client("sts", region_name="eu-central-1")

    arn = sts.get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/loader/{SESSION_NAME}"
    own = boto3.client("sts").get_caller_identity()["Arn"]
    assert own != arn  # the caller's own session is left as it is
