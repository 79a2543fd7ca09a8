"""`penstock admin pause`, `resume` and `drain`."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cli.main import main
from runtime.core.operations.switches import Switch
from runtime.stores.operations.switches import StoredSwitches
from tests.cloud import Cloud, in_process


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with an installed stack."""
    with in_process() as account:
        queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
        template = {
            "Resources": {"RunQueue": queue, "RunQueueDeadLetters": queue},
            "Outputs": {
                "ConfigTable": {"Value": account.config.table.name},
                "AuditTable": {"Value": account.audit.table.name},
            },
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        yield account


def send(cloud: Cloud, name: str) -> None:
    """Put a message into the queue that the template calls so."""
    sqs = cloud.clients.sqs
    [url] = [url for url in sqs.list_queues()["QueueUrls"] if f"-{name}-" in url]
    sqs.send_message(QueueUrl=url, MessageBody="{}")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """How a command ends, and its document."""
    code = main(["admin", *arguments, "--stack", "penstock", "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("switch", list(Switch))
def test_a_pause_is_shown_and_stored_until_it_is_resumed(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], switch: Switch
) -> None:
    """Workers read what the command has written, and so do other admins."""
    stored = StoredSwitches(table=cloud.config.table)

    code, document = answer(capsys, "pause", switch)
    paused = {each["switch"]: each["paused_at"] for each in document["data"]}
    assert (0, stored.find().paused_at[switch]) == (code, paused[switch])
    assert 1 == sum(at is not None for at in paused.values())

    answer(capsys, "resume", switch)
    assert not stored.find().is_paused(switch)


def test_a_drain_ends_when_no_queue_holds_work(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dead letters are no work: nobody is at it."""
    send(cloud, "RunQueueDeadLetters")

    code, document = answer(capsys, "drain", "--every-s", "0")

    assert (0, True) == (code, document["drained"])


def test_a_drain_gives_up_and_names_what_is_left(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must not wait for ever, nor take half-full queues for empty ones."""
    send(cloud, "RunQueue")

    code, document = answer(capsys, "drain", "--timeout-s", "0")

    assert (1, "not_drained") == (code, document["error"]["code"])
    assert "RunQueue 1 waiting, 0 in flight, 0 delayed" in document["error"]["message"]
