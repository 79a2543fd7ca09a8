"""Records of a table's stream, as Lambda gets them, and the raw log that is made of them."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runtime.core.deliveries.delivery import Delivery
from runtime.core.functions.run import Run
from runtime.core.profiles.profile import Profile
from runtime.stores.deliveries.items import delivery_item
from runtime.stores.functions.items import run_item
from runtime.stores.profiles.items import profile_item
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.wiring import worker
from tests.cloud import Cloud

Record = dict[str, Any]


def a_profile_record(before: Profile | None, after: Profile) -> Record:
    """What the stream of the profiles' table hands to Lambda for one write."""
    key = codec.key({"pk": keys.tenant(after.tenant), "sk": after.id})
    return _record(key, *map(_item_of(profile_item), (before, after)))


def a_delivery_record(before: Delivery | None, after: Delivery) -> Record:
    """The same of the deliveries' table."""
    key = codec.key({"pk": after.id})
    return _record(key, *map(_item_of(delivery_item), (before, after)))


def a_run_record(before: Run | None, after: Run) -> Record:
    """The same of the runs' table."""
    key = codec.key({"pk": after.id})
    return _record(key, *map(_item_of(run_item), (before, after)))


def a_removal(record: Record) -> Record:
    """What the stream says when DynamoDB has deleted the item of this record."""
    told = record["dynamodb"]
    rest = {name: held for name, held in told.items() if name != "NewImage"}
    return {**record, "dynamodb": {**rest, "OldImage": told["NewImage"]}}


def by_queue(records: list[Mapping[str, Any]]) -> dict[str, Any]:
    """These messages of a queue, as Lambda gets them; each is one that was received by boto3."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
            for message in records
        ]
    }


def install(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment of the functions that follow streams, on this account."""
    bucket = f"{cloud.prefix}-bucket"
    cloud.clients.s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    names = {
        "BUS": cloud.bus.name,
        "CONFIG_TABLE": cloud.config.table.name,
        "PROFILES_TABLE": cloud.profiles.table.name,
        "NAMES_TABLE": cloud.profiles.names.table.name,
        "TIMELINE_TABLE": cloud.timelines.table.name,
        "LEDGER_TABLE": cloud.table("ledger", sort="sk").name,
        "BUCKET": bucket,
        "ASIDE_QUEUE_URL": cloud.queue_url("aside"),
        "PARK_QUEUE_URL": cloud.queue_url("dead"),
    }
    for name, value in names.items():
        monkeypatch.setenv(f"PENSTOCK_{name}", value)


def rows(cloud: Cloud) -> list[dict[str, Any]]:
    """Every row of the raw log."""
    bucket = f"{cloud.prefix}-bucket"
    every: list[dict[str, Any]] = []
    for each in cloud.clients.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        body = cloud.clients.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        every += [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return every


def _item_of(encode: Callable[[Any], Item]) -> Callable[[Any], Item | None]:
    return lambda record: None if record is None else encode(record)


def _record(key: Item, before: Item | None, after: Item | None) -> Record:
    images = {"OldImage": before, "NewImage": after}
    return {
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": int(worker.now().timestamp()),
            "Keys": key,
            "SequenceNumber": "111",
            **{name: {**key, **_image(item)} for name, item in images.items() if item is not None},
        },
    }


def _image(item: Item) -> Item:
    """An item with its bytes as base64, as in JSON."""
    return {
        name: {"B": base64.b64encode(held["B"]).decode()} if "B" in held else held
        for name, held in item.items()
    }
