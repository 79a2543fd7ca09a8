"""The account in this process answers and leaves what moto as it comes answers and leaves."""

from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests import cheap_moto

TABLES: Final = ("with-sort", "plain")

names = st.sampled_from("abc")
keys = names.map(lambda name: {"pk": {"S": name}})
tables = st.sampled_from(TABLES)


@st.composite
def writes(draw: st.DrawFn) -> dict[str, Any]:
    """One write of a transaction, which may refuse the whole."""
    name = draw(tables)
    key = {"pk": {"S": draw(names)}} | ({"sk": {"S": draw(names)}} if name == "with-sort" else {})
    condition = draw(st.sampled_from(("attribute_exists(pk)", "attribute_not_exists(pk)", "")))
    given_condition = {"ConditionExpression": condition} if condition else {}
    return draw(
        st.sampled_from(
            (
                {"Put": {"TableName": name, "Item": {**key, "n": {"N": "1"}}, **given_condition}},
                {"Delete": {"TableName": name, "Key": key, **given_condition}},
                {
                    "Update": {
                        "TableName": name,
                        "Key": key,
                        "UpdateExpression": "ADD n :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                        **given_condition,
                    }
                },
                {"Put": {"TableName": "there is none", "Item": key}},
                {"Put": {"TableName": name, "Item": {"n": {"N": "1"}}}},
            )
        )
    )


def _left_by(transactions: list[list[Any]]) -> Any:
    """The answers of these transactions, and what the tables and their streams have behind them."""
    with mock_aws():
        dynamodb, streams = boto3.client("dynamodb"), boto3.client("dynamodbstreams")
        for name, key in zip(TABLES, (("pk", "sk"), ("pk",)), strict=True):
            kinds = zip(key, ("HASH", "RANGE"), strict=False)
            dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in key],
                KeySchema=[{"AttributeName": a, "KeyType": kind} for a, kind in kinds],  # type: ignore[typeddict-item]
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )
        answers = []
        for transaction in transactions:
            try:
                dynamodb.transact_write_items(TransactItems=transaction)
                answers.append("done")
            except ClientError as refused:
                answers.append(str(refused))
        left = {name: dynamodb.scan(TableName=name)["Items"] for name in TABLES}
        return answers, left, [_streamed(streams, name) for name in TABLES]


def _streamed(streams: Any, name: str) -> list[Any]:
    [stream] = streams.list_streams(TableName=name)["Streams"]
    arn = stream["StreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    return [
        (each["eventName"], each["dynamodb"].get("OldImage"), each["dynamodb"].get("NewImage"))
        for each in records
    ]


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    """Whichever test comes next finds the account as all others have it."""
    yield
    cheap_moto.install()


@settings(max_examples=15)
@given(st.lists(st.lists(writes(), min_size=1, max_size=4), max_size=4))
def test_transactions_leave_the_same(transactions: list[list[Any]]) -> None:
    """Those that fail too: answers, items and streams."""
    cheap_moto.uninstall()
    expected = _left_by(transactions)
    cheap_moto.install()
    assert _left_by(transactions) == expected


@pytest.mark.parametrize("attributes", [{}, {"FifoQueue": "true"}], ids=["standard", "fifo"])
def test_a_queue_has_the_same_attributes(attributes: dict[str, str]) -> None:
    """The counts of what waits and of what is delayed among them."""

    def described() -> Any:
        with mock_aws():
            sqs = boto3.client("sqs")
            name = "queue.fifo" if attributes else "queue"
            url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
            more: Any = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if attributes else {}
            sqs.send_message(QueueUrl=url, MessageBody="sent", **more)
            every = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            [waiting] = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"].values()
        stamps = ("CreatedTimestamp", "LastModifiedTimestamp")
        return {name: value for name, value in every.items() if name not in stamps}, waiting

    cheap_moto.uninstall()
    expected = described()
    cheap_moto.install()
    assert described() == expected
