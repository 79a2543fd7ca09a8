"""`penstock admin redrive`: dead letters on their way back."""

import json
from collections.abc import Iterator

import boto3
import pytest

from cli.main import main
from tests.cloud import Cloud, in_process

QUEUES = ("RunQueue", "RunQueueDeadLetters", "SyncDeadLetters")
REDRIVE = ("admin", "redrive", "RunQueue", "--stack", "penstock")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with a stack that has queues."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
    resources = dict.fromkeys(QUEUES, queue)
    with in_process() as account:
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps({"Resources": resources})
        )
        yield account


def queue_url(cloud: Cloud, name: str) -> str:
    """The address of the queue that the template calls so."""
    return next(u for u in cloud.clients.sqs.list_queues()["QueueUrls"] if f"-{name}-" in u)


def bodies(cloud: Cloud, name: str) -> set[str]:
    """What a queue holds, up to ten messages."""
    answer = cloud.clients.sqs.receive_message(
        QueueUrl=queue_url(cloud, name), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return {message["Body"] for message in answer.get("Messages", ())}


def test_every_dead_letter_goes_back_to_its_queue(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """And in none of them is anything lost, also of more than one batch."""
    for number in range(12):
        cloud.clients.sqs.send_message(
            QueueUrl=queue_url(cloud, "RunQueueDeadLetters"), MessageBody=f"run {number}"
        )

    main([*REDRIVE, "--json"])

    assert {"queue": "RunQueue", "moved": 12} == json.loads(capsys.readouterr().out)
    assert set() == bodies(cloud, "RunQueueDeadLetters")
    attributes = cloud.clients.sqs.get_queue_attributes(
        QueueUrl=queue_url(cloud, "RunQueue"), AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    assert "12" == attributes["ApproximateNumberOfMessages"]


def test_a_letter_that_dies_again_meanwhile_stays(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else one that nobody can read would go round for ever."""
    send = cloud.clients.sqs.send_message
    send(QueueUrl=queue_url(cloud, "RunQueueDeadLetters"), MessageBody="unreadable")
    # To the account's clock the other one comes after the command has begun.
    monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda *_: 9_999_999_999_999)
    send(QueueUrl=queue_url(cloud, "RunQueueDeadLetters"), MessageBody="came meanwhile")
    monkeypatch.undo()

    main([*REDRIVE, "--json"])

    assert 1 == json.loads(capsys.readouterr().out)["moved"]
    assert {"unreadable"} == bodies(cloud, "RunQueue")


@pytest.mark.parametrize("queue", ["Sync", "RunQueueDeadLetters", "Nowhere"])
@pytest.mark.usefixtures("cloud")
def test_a_queue_without_dead_letters_is_named_with_those_that_have_some(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What dies of a schedule, as that of syncs, has no queue to go back to."""
    assert 1 == main(["admin", "redrive", queue, "--stack", "penstock"])
    assert f"no queue '{queue}' with dead letters; there are RunQueue" in capsys.readouterr().err
