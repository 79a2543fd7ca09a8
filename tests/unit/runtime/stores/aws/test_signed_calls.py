"""Calls of our own wire, to a server that takes only what AWS would take."""

import asyncio

import boto3
import pytest
from botocore.exceptions import ClientError

from runtime.stores.aws.dynamodb import DynamoDB
from tests.signed_server import ACCESS_KEY, SECRET, SignedServer, signed_server

pytestmark = pytest.mark.usefixtures("_key")


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")


def dynamodb(server: SignedServer) -> DynamoDB:
    """Our wire to this server."""
    client = boto3.client("dynamodb", endpoint_url=server.url)
    return DynamoDB.direct(client, boto3.Session())


def test_a_server_that_checks_signatures_takes_our_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a thread and by an event loop, and with the trace that Lambda has calls carry."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Lineage=4")
    with signed_server(SignedServer()) as server:
        table = dynamodb(server)
        table.put_item(TableName="t", Item={"pk": {"S": "é"}})
        asyncio.run(table.put_item_async(TableName="t", Item={"pk": {"B": b"\xff"}}))

    assert ["taken", "taken"] == server.said


def test_a_server_that_checks_signatures_refuses_another_secret() -> None:
    """So the test above is no empty one; and a wrong secret is not mended by asking again."""
    with (
        signed_server(SignedServer(secret="another")) as server,
        pytest.raises(ClientError, match="InvalidSignatureException"),
    ):
        dynamodb(server).get_item(TableName="t", Key={})

    assert ["InvalidSignatureException"] == server.said
