"""What the emulator keeps when it is killed: each service that the product uses, on its own."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.emulator import root, save, start_ministack
from infra.local.place import Place
from infra.local.processes import Running, stop

pytestmark = pytest.mark.e2e
HELD_S = 1_200  # how long a received message is invisible, as in the queue of runs


@dataclass
class Emulator:
    """The emulator, which is started again where it was."""

    place: Place
    running: Running
    endpoint: str

    def client(self, name: str) -> Any:
        """A client as the account's root."""
        return root().client(name, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def kill(self) -> None:
        """End it without a word, and start it again."""
        os.killpg(self.running.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.running.pid, os.WEXITED | os.WNOWAIT)
        self.start()

    def start(self) -> None:
        """Start it where it listened before."""
        port = urlsplit(self.endpoint).port
        self.running, self.endpoint = start_ministack(self.place, port=port)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator, with a table, a queue and its dead-letter queue, a bucket and a key."""
    place = Place(tmp_path_factory.mktemp("emulator") / "cloud")
    place.prepare()
    running, endpoint = start_ministack(place)
    made = Emulator(place, running, endpoint)
    try:
        _furnish(made)
        yield made
    finally:
        stop(made.running)


def _furnish(emulator: Emulator) -> None:
    for name in ("items", "deleted"):
        emulator.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in (("pk", "HASH"), ("sk", "RANGE"))
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind}
                for key, kind in (("pk", "S"), ("sk", "N"))
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
    queues = emulator.client("sqs")
    dead = queues.create_queue(QueueName="dead")["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": attributes["Attributes"]["QueueArn"], "maxReceiveCount": 2}
    queues.create_queue(
        QueueName="work",
        Attributes={"VisibilityTimeout": str(HELD_S), "RedrivePolicy": json.dumps(redrive)},
    )
    emulator.client("s3").create_bucket(Bucket="bodies")
    save(emulator.endpoint)


def _put(number: int, **more: Any) -> dict[str, Any]:
    key = {"pk": {"S": "p"}, "sk": {"N": str(number)}}
    return {"Put": {"TableName": "items", "Item": {**key, **more}}}


def test_items_come_back_as_the_last_call_left_them(emulator: Emulator) -> None:
    """Put, changed, deleted, all or none of a transaction; what was in a deleted table is gone."""
    database = emulator.client("dynamodb")
    key = {"pk": {"S": "p"}, "sk": {"N": "1"}}
    database.transact_write_items(TransactItems=[_put(number) for number in range(4)])
    change = {":v": {"B": b"\0\xff"}, ":odd": {"M": {"__bytes__": {"S": "no bytes"}}}}
    database.update_item(
        TableName="items",
        Key=key,
        UpdateExpression="SET v = :v, odd = :odd",
        ExpressionAttributeValues=change,
    )
    database.delete_item(TableName="items", Key={**key, "sk": {"N": "2"}})
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    refused = [_put(8), {"Put": {**_put(3)["Put"], **condition}}]
    with pytest.raises(database.exceptions.TransactionCanceledException):
        database.transact_write_items(TransactItems=refused)
    database.put_item(TableName="deleted", Item=key)
    database.delete_table(TableName="deleted")

    emulator.kill()

    found = {each["sk"]["N"]: each for each in database.scan(TableName="items")["Items"]}
    assert {"0", "1", "3"} == set(found)
    assert {**key, "v": change[":v"], "odd": change[":odd"]} == found["1"]
    assert 0 == len(database.scan(TableName="deleted")["Items"])


def test_changes_of_items_are_read_on_from_the_same_place(emulator: Emulator) -> None:
    """A profile's snapshot is taken from the stream; a change that is skipped is lost."""
    database, streams = emulator.client("dynamodb"), emulator.client("dynamodbstreams")
    arn = database.describe_table(TableName="items")["Table"]["LatestStreamArn"]

    def changes() -> list[str]:
        [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        start = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
        return [each["dynamodb"]["SequenceNumber"] for each in records]

    database.transact_write_items(TransactItems=[_put(100)])
    before = changes()

    emulator.kill()
    database.transact_write_items(TransactItems=[_put(101)])

    after = changes()
    assert before == after[:-1]
    assert after == sorted(after)


def test_messages_come_back_and_those_that_somebody_held_at_once(emulator: Emulator) -> None:
    """Whoever held one was killed, too; nobody waits twenty minutes for it."""
    queues = emulator.client("sqs")
    work, dead = (queues.get_queue_url(QueueName=each)["QueueUrl"] for each in ("work", "dead"))

    def receive(url: str) -> dict[str, Any]:
        answer = queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return {each["Body"]: each for each in answer.get("Messages", [])}

    for body in ("done", "held", "left"):
        queues.send_message(QueueUrl=work, MessageBody=body)
    queues.send_message(QueueUrl=work, MessageBody="later", DelaySeconds=900)
    taken = receive(work)
    queues.delete_message(QueueUrl=work, ReceiptHandle=taken["done"]["ReceiptHandle"])

    emulator.kill()
    again = receive(work)
    counts = {body: each["Attributes"]["ApproximateReceiveCount"] for body, each in again.items()}
    emulator.kill()

    assert {"held": "2", "left": "2"} == counts
    assert {} == receive(work)  # they have been received too often
    assert {"held", "left"} == set(receive(dead))


def test_objects_come_back_byte_for_byte(emulator: Emulator) -> None:
    """The raw log and what is too large for a record."""
    store, body = emulator.client("s3"), bytes(range(256)) * 40
    store.put_object(Bucket="bodies", Key="a/ä b", Body=body, Metadata={"__bytes__": "x"})
    store.put_object(Bucket="bodies", Key="gone", Body=b"")
    store.delete_object(Bucket="bodies", Key="gone")
    store.copy_object(Bucket="bodies", Key="copy", CopySource={"Bucket": "bodies", "Key": "a/ä b"})

    emulator.kill()

    found = store.get_object(Bucket="bodies", Key="a/ä b")
    assert (body, {"__bytes__": "x"}) == (found["Body"].read(), found["Metadata"])
    keys = [each["Key"] for each in store.list_objects_v2(Bucket="bodies")["Contents"]]
    assert ["a/ä b", "copy"] == keys


def test_what_was_sealed_can_be_opened(emulator: Emulator) -> None:
    """Otherwise each webhook would lose its secret, and each function its own."""
    keys = emulator.client("kms")
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    context = {"tenant": "acme"}
    sealed = keys.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)
    save(emulator.endpoint)

    emulator.kill()

    opened = keys.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert b"secret" == opened["Plaintext"]


def test_what_is_stopped_in_peace_keeps_all(emulator: Emulator) -> None:
    """Also what nobody asked to save, such as a queue that somebody made by hand."""
    queues = emulator.client("sqs")
    url = queues.create_queue(QueueName="by-hand")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody="kept")

    stop(emulator.running, grace_s=15)
    emulator.start()

    [kept] = queues.receive_message(QueueUrl=url)["Messages"]
    assert "kept" == kept["Body"]


def test_only_a_post_saves(emulator: Emulator) -> None:
    """A page in a browser that is opened by accident does nothing."""
    connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc)
    connection.request("GET", "/_penstock/save")
    assert 200 != connection.getresponse().status
    connection.close()


def test_its_files_are_the_users_own(emulator: Emulator) -> None:
    """They hold an account's keys."""
    assert 0 == emulator.place.root.stat().st_mode & 0o077
