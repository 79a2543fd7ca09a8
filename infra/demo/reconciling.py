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
    # What is archived again is read again while it waits: this sync loads only when it is asked to.
    sync = {"name": "reconciled", "kind": "s3", "schedule": "manual"}
    path = f"/v1/syncs/{stage.api.post('/v1/syncs', sync)['id']}"
    if not patience.until(lambda: _is_loaded(stage, path)):
        yield "a sync of profiles that runs on request has loaded nothing"
    s3.put_object(**sample, Body=gzip.compress(text.encode()))
    try:
        for _ in range(2):
            compared = stage.call("ReconcileFunction", {})["compared"]
            if compared < LOST:
                yield f"{compared} profiles were compared with what was archived of them"
        if not customers <= _people(s3, bucket, _snapshots(s3, bucket) - before):
            yield f"of the profiles {customers} changes were lost, and not all archived again"
        s3.put_object(**sample, Body=SPOILT)
        stage.invoke("ReconcileFunction", {})
        if not patience.until(lambda: _is_filled(stage)):
            yield "ReconcileDeadLetters is empty, must hold what failed"
    finally:
        s3.delete_object(**sample)
        stage.api.delete(path)


def _is_loaded(stage: Stage, path: str) -> bool:
    """Whether the sync has loaded something; asks it to."""
    if any(load["state"] == "loaded" for load in stage.api.get(f"{path}/runs")["data"]):
        return True
    stage.api.post(f"{path}/run")
    return False


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
