"""`penstock doctor`: what waits in an installation's queues, and what is in flight."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from moto.cloudwatch.models import cloudwatch_backends

from cli import doctor_queues
from cli.main import main
from tests.cloud import Cloud, in_process

NESTED = {
    "Resources": {
        name: {"Type": "AWS::SQS::Queue", "Properties": {}}
        for name in ("RunQueue", "RunQueueDeadLetters")
    }
}
REGION, ACCOUNT = "eu-central-1", "123456789012"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with a stack whose queues are in a nested one, and a stack without any."""
    with in_process() as account:
        account.clients.s3.put_object(
            Bucket=account.bucket.name, Key="nested.json", Body=json.dumps(NESTED).encode()
        )
        nested = {"TemplateURL": f"https://{account.bucket.name}.s3.amazonaws.com/nested.json"}
        topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
        queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
        delivery = {"Type": "AWS::CloudFormation::Stack", "Properties": nested}
        made = {"penstock": {"MatchQueue": queue, "Delivery": delivery}, "shop": {"Topic": topic}}
        for name, resources in made.items():
            boto3.client("cloudformation").create_stack(
                StackName=name, TemplateBody=json.dumps({"Resources": resources})
            )
        yield account


def queue_url(cloud: Cloud, name: str) -> str:
    """The address of the queue that the template calls so."""
    urls = cloud.clients.sqs.list_queues()["QueueUrls"]
    return next(url for url in urls if f"-{name}-" in url)


def test_what_waits_and_what_is_in_flight_is_shown_by_queue(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wonders where an event is sees whether anybody works on it, and since when."""
    sqs, url = cloud.clients.sqs, queue_url(cloud, "RunQueue")
    for delay_s in (0, 0, 0, 900):
        sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=delay_s)
    assert sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    _measured(url, age_s=47)

    main(["doctor", "--stack", "penstock", "--json"])

    document = json.loads(capsys.readouterr().out)
    (check,) = (each for each in document["checks"] if each["name"] == "queues")
    assert ("ok", "2 waiting, 1 in flight, 1 delayed") == (check["verdict"], check["found"])
    assert document["queues"] == [
        {"name": "MatchQueue", **_counts(0, 0, 0), "oldest_s": None},
        {"name": "RunQueue", **_counts(2, 1, 1), "oldest_s": 47},
        {"name": "RunQueueDeadLetters", **_counts(0, 0, 0), "oldest_s": None},
    ]


def test_dead_letters_are_a_warning_that_names_the_queue(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing works on them any more: somebody has to."""
    url = queue_url(cloud, "RunQueueDeadLetters")
    cloud.clients.sqs.send_message(QueueUrl=url, MessageBody="{}")

    main(["doctor", "--stack", "penstock"])

    checks, _, table = capsys.readouterr().out.partition("\n\n")
    (line,) = (each for each in checks.splitlines() if each.startswith("queues"))
    assert "warning  0 waiting, 0 in flight, 0 delayed" in line
    assert "somebody must look into RunQueueDeadLetters" in line
    assert table.splitlines() == [
        "name                 waiting  in_flight  delayed  oldest_s",
        "MatchQueue           0        0          0        -",
        "RunQueue             0        0          0        -",
        "RunQueueDeadLetters  1        0          0        -",
    ]


@pytest.mark.parametrize(
    ("stack", "says"),
    [("nowhere", "there is no stack 'nowhere' here"), ("shop", "no installation of Penstock")],
)
@pytest.mark.usefixtures("cloud")
def test_a_stack_that_has_no_queues_is_a_problem_with_a_way_out(stack: str, says: str) -> None:
    """A doctor that shows nothing would be taken for one that finds nothing."""
    found = doctor_queues.of_stack(stack)

    assert not found.depths
    assert says in found.problem


def _counts(waiting: int, in_flight: int, delayed: int) -> dict[str, int]:
    return {"waiting": waiting, "in_flight": in_flight, "delayed": delayed}


def _measured(url: str, *, age_s: float) -> None:
    """What AWS itself puts there; nobody else may write to its namespace."""
    about = [{"Name": "QueueName", "Value": url.rpartition("/")[2]}]
    metric = {
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": about,
        "Value": age_s,
        "Unit": "Seconds",
        "Timestamp": datetime.now(UTC).replace(tzinfo=None),
    }
    cloudwatch_backends[ACCOUNT][REGION].put_metric_data("AWS/SQS", [metric])
