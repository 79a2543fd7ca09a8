"""Loses a change of a profile, and checks that the daily comparison archives the profile again."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from infra.demo.bad_input import queue_url
from infra.demo.patience import Patience
from infra.demo.stage import Stage

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NEVER_ARCHIVED: Final = 1_000_000  # a revision that no profile of the demo has
# Several, because a batch with the same one profile as another of the same hour would be that one.
LOST: Final = 5
ARCHIVED_S: Final = 30
SPOILT: Final = b"no sample"


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for each step that did not end as it must.

    Yesterday's sample is made to say of some customers what was never archived, as if the stream
    had lost a change of each; then it is spoilt, so that the function fails.
    """
    stage.progress.step("changes of profiles are lost, and found a day later")
    s3 = stage.client("s3")
    bucket = _bucket(s3)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    sample = {"Bucket": bucket, "Key": f"samples/v1/{stage.tenant}/{yesterday}.json.gz"}
    customers = {ours for ours, _ in stage.warehouse.some_profiles(LOST)}
    text = json.dumps({"day": yesterday, "revisions": dict.fromkeys(customers, NEVER_ARCHIVED)})
    before = _snapshots(s3, bucket)
    s3.put_object(**sample, Body=gzip.compress(text.encode()))
    try:
        stage.invoke("ReconcileFunction", {})
        if not patience.until(
            lambda: customers <= _people(s3, bucket, _snapshots(s3, bucket) - before),
            at_most_s=ARCHIVED_S,
        ):
            yield f"of the profiles {customers} changes were lost, and not all archived again"
        s3.put_object(**sample, Body=SPOILT)
        stage.invoke("ReconcileFunction", {})
        if not patience.until(lambda: _is_filled(stage)):
            yield "ReconcileDeadLetters is empty, must hold what failed"
    finally:
        s3.delete_object(**sample)


def _bucket(s3: "S3Client") -> str:
    """The bucket of the template. CloudFormation adds words around its name."""
    names = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    return next(name for name in names if "-bucket-" in name)


def _snapshots(s3: "S3Client", bucket: str) -> set[str]:
    """The keys of the raw batches of profiles."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="raw/")
    keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
    return {key for key in keys if "/profiles-" in key}


def _people(s3: "S3Client", bucket: str, keys: set[str]) -> set[str]:
    """The ids of the profiles in raw batches."""
    bodies = (s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    rows: Iterator[Any] = (
        json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()
    )
    return {row["profile_id"] for row in rows}


def _is_filled(stage: Stage) -> bool:
    answer = stage.sqs.get_queue_attributes(
        QueueUrl=queue_url(stage.sqs, "ReconcileDeadLetters"),
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0
