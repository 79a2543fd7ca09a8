"""The local cloud refuses what AWS would, by botocore's own signer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local import ministack_signatures as signatures
from infra.local.ministack_signatures import Refused, Request
from runtime.stores.aws.sigv4 import Identity, Scope, sign

NOW: Final = datetime(2026, 11, 20, 13, 4, 5, tzinfo=UTC)
SECRET: Final = "very-secret"
KEY: Final = "AKIATEST"
Change = Callable[[Request], Request]


def signed() -> Request:
    """A call by our own wire, as a Lambda makes it."""
    body = b'{"TableName":"t"}'
    headers = sign(
        body,
        {"host": "127.0.0.1:1", "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "j"},
        identity=Identity(access_key=KEY, secret_key=SECRET, token="a-token"),
        scope=Scope(service="dynamodb", region="eu-west-1"),
        now=NOW,
    )
    return Request(method="POST", target="/", headers=list(headers.items()), body=body)


def check(request: Request, *, secret: str = SECRET, now: datetime = NOW) -> None:
    """Raises Refused, or all is well."""
    signatures.check(request, signatures.claim(request), secret=secret, now=now)


def header(name: str, value: str | None) -> Change:
    """The header has another value, or is gone."""

    def change(request: Request) -> Request:
        kept = [pair for pair in request.headers if pair[0] != name]
        added = [] if value is None else [(name, value)]
        return replace(request, headers=[*kept, *added])

    return change


def authorization(old: str, new: str) -> Change:
    """The `Authorization` header says something else."""

    def change(request: Request) -> Request:
        value = request.header("authorization") or ""
        assert old in value
        return header("authorization", value.replace(old, new))(request)

    return change


def test_a_call_of_ours_is_taken() -> None:
    """Headers that hops add or change are no part of the signature."""
    check(signed())
    check(header("x-amzn-trace-id", "Root=1")(signed()))


@pytest.mark.parametrize(
    "change",
    [
        header("x-amz-target", "DynamoDB_20120810.DeleteItem"),
        header("x-amz-security-token", "another"),
        header("x-amz-security-token", None),
        header("x-amz-date", "20261120T130406Z"),
        header("x-amz-date", "20261121T130405Z"),
        header("x-amz-date", None),
        header("content-type", "k"),
        header("host", "127.0.0.1:2"),
        header("x-amz-added", "on the way"),
        authorization("host;", "Host;"),
        authorization("content-type;host;", "host;content-type;"),
        authorization("host;", ""),
        authorization("eu-west-1", "eu-west-2"),
        authorization("/dynamodb/", "/sqs/"),
        authorization("20261120/", "20261119/"),
        authorization("Signature=", "Signature=0"),
        authorization("aws4_request", "aws5_request"),
        lambda request: replace(request, body=b'{"TableName":"u"}'),
        lambda request: replace(request, method="PUT"),
        lambda request: replace(request, target="/?a=b"),
        lambda request: replace(request, target="/else"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: Change) -> None:
    """Each part of a request that AWS covers by the signature, or insists on."""
    with pytest.raises(Refused):
        check(change(signed()))


def test_a_call_by_another_secret_is_refused() -> None:
    """A key's name is no secret."""
    with pytest.raises(Refused, match="does not match") as refused:
        check(signed(), secret="guessed")

    assert "InvalidSignatureException" == refused.value.code


@pytest.mark.parametrize(
    ("minutes", "words"), [(5.1, "Signature expired"), (-5.1, "Signature not yet current")]
)
def test_a_call_out_of_its_time_is_refused(minutes: float, words: str) -> None:
    """AWS allows five minutes between the clocks."""
    check(signed(), now=NOW + timedelta(minutes=minutes * 0.9))
    with pytest.raises(Refused, match=words):
        check(signed(), now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("service", "signer", "target"),
    [
        ("lambda", SigV4Auth, "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=1"),
        ("s3", S3SigV4Auth, "/bucket/bodies/a%20b%2B?list-type=2&prefix=a%2Fb"),
    ],
)
def test_calls_with_a_path_and_a_query_are_taken_as_botocore_signs_them(
    service: str, signer: Any, target: str
) -> None:
    """Not all of the product's calls go by our own wire."""
    made = AWSRequest("PUT", f"http://127.0.0.1:1{target}", {"host": "127.0.0.1:1"}, b"x")
    signer(Credentials(KEY, SECRET, "a-token"), service, "eu-west-1").add_auth(made)
    request = Request(method="PUT", target=target, headers=list(made.headers.items()), body=b"x")

    check(request, now=datetime.now(UTC))
    with pytest.raises(Refused):
        check(replace(request, body=b"y"), now=datetime.now(UTC))
