"""What a queue has handed out: hidden for as long as its worker says."""

import json
import subprocess
import sys
from typing import Any

import pytest

from infra.local.place import ROOT
from runtime.errors import Transient
from runtime.stores.queues import HandedOut, Outgoing
from tests.cloud import Cloud, on_local_cloud

VISIBILITY_S = 1205  # the template's, for runs


def a_queue(cloud: Cloud, *, count: int) -> str:
    """A queue with so many messages, and its address."""
    url = cloud.queue_url("run")
    cloud.clients.sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_S)}
    )
    cloud.queue("run").send(Outgoing(body=str(number)) for number in range(count))
    return url


def received(cloud: Cloud, url: str, *, wait_s: int = 0) -> list[Any]:
    """What another worker gets, who is ready to wait for it."""
    answer = cloud.clients.sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
        WaitTimeSeconds=wait_s,
    )
    return answer.get("Messages", [])


class TestHandedOutContract:
    """Messages by their receipts."""

    def test_a_message_is_hidden_anew(self, cloud: Cloud) -> None:
        """More than one call can name, and each for a time of its own."""
        url = a_queue(cloud, count=12)
        batch = [*received(cloud, url), *received(cloud, url)]
        hidden_s = {each["ReceiptHandle"]: 0 if each["Body"] == "7" else 900 for each in batch}

        HandedOut(client=cloud.clients.queues, url=url).hide(hidden_s)

        assert 12 == len(hidden_s)
        assert ["7"] == [each["Body"] for each in received(cloud, url)]

    def test_a_receipt_that_is_unknown_harms_no_other(self, cloud: Cloud) -> None:
        """The error says how many and why; the others are hidden as was asked."""
        url = a_queue(cloud, count=1)
        (message,) = received(cloud, url)

        with pytest.raises(
            Transient, match="1 of 2 messages were not hidden: ReceiptHandleIsInvalid"
        ):
            HandedOut(client=cloud.clients.queues, url=url).hide(
                {"nobody-has-this": 900, message["ReceiptHandle"]: 0}
            )

        assert 1 == len(received(cloud, url))

    def test_a_queue_that_is_gone_is_the_platforms_fault(self, cloud: Cloud) -> None:
        """The work that asks goes on."""
        with pytest.raises(Transient) as problem:
            HandedOut(client=cloud.clients.queues, url=cloud.queue_url("run") + "-gone").hide(
                {"receipt": 45}
            )
        assert "aws_unavailable" == problem.value.code


@pytest.mark.e2e
def test_the_messages_of_a_killed_process_come_back_at_the_end_of_its_lease(emulator: str) -> None:
    """SIGKILL leaves nobody to call the work off; while the process lives, they stay its own."""
    with on_local_cloud(emulator) as cloud:
        url = a_queue(cloud, count=1)
        (message,) = received(cloud, url)
        with subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-m", "tests.leasing_worker", url, json.dumps(message)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert "at work\n" == process.stdout.readline()
            while_it_lives = received(cloud, url, wait_s=3)  # longer than a lease
            process.kill()
        (again,) = received(cloud, url, wait_s=5)

    assert [] == while_it_lives
    assert (message["Body"], "2") == (again["Body"], again["Attributes"]["ApproximateReceiveCount"])
