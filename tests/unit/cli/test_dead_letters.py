"""`penstock admin dead-letters`: what waits for a person, why, and its way back."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cli.main import main
from runtime.stores.queues import Parked, Queue
from tests.cloud import Cloud, in_process

QUEUES = ("RunQueue", "RunQueueDeadLetters", "SyncQueue", "SyncDeadLetters", "SweepDeadLetters")
RUN = {"v": 1, "kind": "run", "tenant": "acme", "run_id": "run_1", "function": "vip"}
EVENT = {"id": "evt_1", "tenant": "acme", "topic": "metric.ordered", "profile": {"email": "a@b.it"}}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with a stack that has queues."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
    with in_process() as account:
        template = {
            "Resources": dict.fromkeys(QUEUES, queue),
            "Outputs": {"AuditTable": {"Value": account.audit.table.name}},
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        yield account


def queue_url(cloud: Cloud, name: str) -> str:
    """The address of the queue that the template calls so."""
    return next(u for u in cloud.clients.sqs.list_queues()["QueueUrls"] if f"-{name}-" in u)


def bodies(cloud: Cloud, name: str) -> set[str]:
    """What a queue shows, up to ten messages."""
    answer = cloud.clients.sqs.receive_message(
        QueueUrl=queue_url(cloud, name), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return {message["Body"] for message in answer.get("Messages", ())}


def send(cloud: Cloud, name: str, body: str) -> None:
    """Put a message into a queue, as SQS does with one that failed too often."""
    cloud.clients.sqs.send_message(QueueUrl=queue_url(cloud, name), MessageBody=body)


def park(cloud: Cloud, name: str, body: str, *, code: str) -> None:
    """Put a message into a queue as a function does that cannot read it."""
    queue = Queue(client=cloud.clients.queues, url=queue_url(cloud, name))
    Parked(queue=queue).park(body, code=code, reason=f"topic: {code}")


def count(cloud: Cloud, name: str) -> int:
    """How many messages a queue shows."""
    attributes = cloud.clients.sqs.get_queue_attributes(
        QueueUrl=queue_url(cloud, name), AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command answers to a program."""
    main(["admin", "dead-letters", *arguments, "--stack", "penstock", "--json"])
    return json.loads(capsys.readouterr().out)["data"]


class TestList:
    """What there is to do."""

    def test_each_queue_says_how_many_letters_it_has_and_why(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Twelve runs that failed and one that nobody can read are two different mornings."""
        for number in range(12):
            send(cloud, "RunQueueDeadLetters", json.dumps({**RUN, "run_id": f"run_{number}"}))
        park(cloud, "RunQueueDeadLetters", "no json", code="not_json")

        found = {each.pop("dead_letters"): each for each in data(capsys, "list")}

        run = found["RunQueueDeadLetters"]
        assert ("RunQueue", 13, 13, True) == (
            run["queue"],
            run["count"],
            run["looked_at"],
            run["can_redrive"],
        )
        assert {"tries_exhausted": 12, "not_json": 1} == run["codes"]
        assert 0 <= run["oldest_s"] < 60
        assert (0, None, {}) == tuple(
            found["SweepDeadLetters"][name] for name in ("count", "oldest_s", "codes")
        )
        assert not found["SweepDeadLetters"]["can_redrive"]

    def test_a_look_leaves_every_letter_where_it_was(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Else the second admin would see an empty queue and go home."""
        for number in range(12):
            send(cloud, "RunQueueDeadLetters", str(number))

        data(capsys, "list")

        assert 12 == count(cloud, "RunQueueDeadLetters")


class TestShow:
    """What one letter is about."""

    def test_it_shows_ids_and_the_reason_and_nothing_of_people(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Whoever mends a queue need not read who has ordered what."""
        body = json.dumps({**RUN, "event": EVENT})
        park(cloud, "RunQueueDeadLetters", body, code="bad_topic")

        (letter,) = data(capsys, "show", "RunQueue")

        assert ("bad_topic", "topic: bad_topic") == (letter["code"], letter["reason"])
        assert {
            "kind": "run",
            "tenant": "acme",
            "run_id": "run_1",
            "function": "vip",
            "topic": "metric.ordered",
            "event_id": "evt_1",
        } == letter["about"]
        assert "a@b.it" not in json.dumps(letter)

    def test_the_message_itself_is_shown_to_whoever_asks(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Some faults can be seen only in the whole text."""
        send(cloud, "RunQueueDeadLetters", '{"v": 2}')

        (letter,) = data(capsys, "show", "RunQueueDeadLetters", "--payload")

        assert '{"v": 2}' == letter["payload"]

    def test_one_code_is_shown_alone(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A thousand of one reason must not hide the one of another."""
        send(cloud, "RunQueueDeadLetters", json.dumps(RUN))
        park(cloud, "RunQueueDeadLetters", "[]", code="not_an_object")

        found = data(capsys, "show", "RunQueue", "--code", "not_an_object")

        assert ["not_an_object"] == [each["code"] for each in found]


class TestRedrive:
    """Back to work."""

    def test_every_dead_letter_goes_back_to_its_queue(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And none of them is lost, also of more than one batch."""
        for number in range(12):
            send(cloud, "RunQueueDeadLetters", f"run {number}")

        found = data(capsys, "redrive", "RunQueue")

        assert [{"queue": "RunQueue", "moved": 12, "left": 0}] == found
        assert (0, 12) == (count(cloud, "RunQueueDeadLetters"), count(cloud, "RunQueue"))

    def test_one_code_goes_back_alone(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is mended goes on; what is not would only die again."""
        for number in range(11):
            send(cloud, "RunQueueDeadLetters", f"run {number}")
            park(cloud, "RunQueueDeadLetters", f"poison {number}", code="not_json")

        found = data(capsys, "redrive", "RunQueue", "--code", "tries_exhausted")

        assert [{"queue": "RunQueue", "moved": 11, "left": 11}] == found
        assert (11, 11) == (count(cloud, "RunQueueDeadLetters"), count(cloud, "RunQueue"))

    def test_without_a_queue_all_go_back_that_came_from_one(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """After an outage of AWS every queue has some."""
        for name in ("RunQueue", "Sync", "Sweep"):
            send(cloud, f"{name}DeadLetters", name)

        found = data(capsys, "redrive")

        assert {("RunQueue", 1), ("SyncQueue", 1)} == {(e["queue"], e["moved"]) for e in found}
        assert 1 == count(cloud, "SweepDeadLetters")

    def test_a_letter_that_dies_again_meanwhile_stays(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Else one that nobody can read would go round for ever."""
        send(cloud, "RunQueueDeadLetters", "unreadable")
        # To the account's clock the other one comes after the command has begun.
        monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda *_: 9_999_999_999_999)
        send(cloud, "RunQueueDeadLetters", "came meanwhile")
        monkeypatch.undo()

        assert [{"queue": "RunQueue", "moved": 1, "left": 1}] == data(capsys, "redrive", "RunQueue")
        assert {"unreadable"} == bodies(cloud, "RunQueue")

    @pytest.mark.parametrize("queue", ["Sync", "Nowhere"])
    @pytest.mark.usefixtures("cloud")
    def test_a_queue_without_dead_letters_is_named_with_those_that_have_some(
        self, queue: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A mistyped name must not look like an empty queue."""
        command = ["admin", "dead-letters", "redrive", queue, "--stack", "penstock"]
        assert 1 == main(command)
        said = capsys.readouterr().err
        assert f"no queue '{queue}' with dead letters; there are RunQueue, S" in said

    @pytest.mark.usefixtures("cloud")
    def test_what_came_from_no_queue_is_refused_with_the_reason(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its schedule has called again long since."""
        command = ["admin", "dead-letters", "redrive", "SweepDeadLetters", "--stack", "penstock"]
        assert 1 == main(command)
        assert "came from no queue" in capsys.readouterr().err
