"""What is read of an installed stack where AWS refuses, fails or speaks of time."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local.emulator import REGION
from runtime.errors import Transient
from runtime.stores.aws import installation
from runtime.stores.aws.stack import Resource

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def refused(code: str) -> Callable[..., Any]:
    """A call that AWS refuses."""

    def call(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")

    return call


class Kms:
    """A key that is enabled, and what comes of trying it."""

    def __init__(self, attempt: Callable[..., Any]) -> None:
        self.generate_data_key_without_plaintext = attempt

    @staticmethod
    def describe_key(**_: Any) -> Any:
        """What KMS says of it."""
        return {"KeyMetadata": {"KeyState": "Enabled"}}


@pytest.mark.parametrize(
    ("attempt", "is_usable"),
    [
        (lambda **_: {}, True),
        (refused("AccessDeniedException"), None),
        (refused("KMSInvalidStateException"), False),
    ],
)
def test_a_key_that_we_may_not_try_is_not_called_broken(
    attempt: Callable[..., Any], *, is_usable: bool | None
) -> None:
    """An admin may well be allowed to see it and no more."""
    state = installation.key(KEY, client=lambda _: Kms(attempt))
    assert state == installation.KeyState(state="Enabled", is_usable=is_usable)


@pytest.mark.parametrize(
    ("payload", "error", "says"),
    [
        (b'{"errorMessage": "no layer"}', "Unhandled", "the sandbox fails: no layer"),
        (b'"hello"', None, "the sandbox fails"),
        (b"Internal", None, "not JSON"),
    ],
)
def test_a_sandbox_that_gives_no_answer_says_why(
    payload: bytes, error: str | None, says: str
) -> None:
    """It is what somebody who looks for a fault needs first."""

    class Lambda:
        @staticmethod
        def invoke(**_: Any) -> Any:
            return {"Payload": io.BytesIO(payload), "FunctionError": error}

    with pytest.raises(Transient, match=says):
        installation.sandboxes("sandbox", client=lambda _: Lambda())


def test_awss_clock_stands_between_two_looks_at_ours() -> None:
    """So nobody blames the clock for the network."""

    class Sts:
        @staticmethod
        def get_caller_identity() -> Any:
            headers = {"date": "Thu, 26 Nov 2026 12:00:01 GMT"}
            return {"Account": "123456789012", "ResponseMetadata": {"HTTPHeaders": headers}}

    times = iter([NOW, NOW + timedelta(seconds=2)])
    caller = installation.caller(client=lambda _: Sts(), clock=lambda: next(times))

    assert caller.account == "123456789012"
    assert caller.asked_at < caller.aws_at < caller.answered_at


@mock_aws
def test_of_a_function_with_an_alias_the_code_is_told_that_its_callers_reach() -> None:
    """The code that was uploaded last may be one that an alarm has kept from everybody."""
    session: Any = boto3.Session(region_name=REGION)
    clients = session.client
    function = clients("lambda")
    first = function.create_function(
        FunctionName="api",
        Runtime="python3.13",
        Role=_a_role(clients("iam")),
        Handler="h.handler",
        Code={"ZipFile": _a_bundle("first")},
        Publish=True,
    )
    alias = function.create_alias(FunctionName="api", Name="live", FunctionVersion="1")
    function.update_function_code(FunctionName="api", ZipFile=_a_bundle("second"), Publish=True)
    resources = [
        Resource(name="Api", id="api", kind=installation.LAMBDA, status="UPDATE_COMPLETE"),
        Resource(
            name="ApiAlias",
            id=alias["AliasArn"],
            kind=installation.ALIAS,
            status="UPDATE_IN_PROGRESS",
        ),
    ]

    [before] = installation.functions(resources, client=clients)
    assert (first["CodeSha256"], 0) == (before.code_sha, before.moved)

    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    function.update_alias(FunctionName="api", Name="live", RoutingConfig=weights)
    [meanwhile] = installation.functions(resources, client=clients)
    assert (first["CodeSha256"], 0.1) == (meanwhile.code_sha, meanwhile.moved)


def _a_role(iam: Any) -> str:
    arn: str = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    return arn


def _a_bundle(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("h.py", text)
    return packed.getvalue()
