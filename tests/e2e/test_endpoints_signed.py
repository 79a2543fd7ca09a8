"""Each signed call of a run through the local cloud is checked by botocore's own signer."""

import json
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from infra.local import emulator
from infra.local.place import Place
from infra.local.state import LocalCloud
from infra.local.usage import Usage
from tests.e2e.conftest import Penstock
from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.e2e

TOPIC: Final = "metric.signed"
# Whose calls an event needs on its way to a receiver; all four are made by our own wire to AWS.
CALLERS: Final = {
    ("ApiRole", "dynamodb"),
    ("FanoutRole", "dynamodb"),
    ("FanoutRole", "sqs"),
    ("DeliverRole", "dynamodb"),
}


def test_an_event_is_delivered_by_calls_that_aws_would_take(
    penstock: Penstock, recorder: Recorder, place: Place
) -> None:
    """A signature that AWS would refuse has to fail here, not in the first real account."""
    url = recorder.url("signed")
    penstock("webhooks", "create", "--name", "signed", "--url", url, "--topic", TOPIC)
    event = {"topic": TOPIC, "profile": {"external_id": "visitor"}, "properties": {}}
    penstock("events", "send", "-", stdin=json.dumps([event]))

    assert recorder.wait("signed", bool)

    verified = Usage(place.usage_file).noted("verified")
    roles = {(_logical(role), service) for role, service in verified}
    assert roles >= CALLERS


@pytest.mark.parametrize("header", ["X-Amz-Target", "X-Amz-Date", "Authorization"])
def test_a_call_whose_header_was_changed_on_the_way_is_refused(
    local_cloud: LocalCloud, header: str
) -> None:
    """The check in front of the emulator is at work, also for the account's root."""
    client = emulator.root().client("dynamodb", endpoint_url=local_cloud.aws_endpoint)
    assert client.list_tables()["TableNames"]

    def change(request: Any, **_: object) -> None:
        value = request.headers[header]
        text = value.decode() if isinstance(value, bytes) else value
        del request.headers[header]
        request.headers[header] = text[:-1] + ("0" if text[-1] != "0" else "1")

    client.meta.events.register("before-send", change)
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client.list_tables()


def _logical(role: str) -> str:
    """The role's name in its stack: CloudFormation puts others around it."""
    return next((name for name, _ in CALLERS if f"-{name}-" in role), role)
