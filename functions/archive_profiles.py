"""Put changed profiles into the raw log: a table's stream in."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count
from runtime.wiring import archive

archive_images = cache(archive.build_profiles)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Archive every new image; on any error the stream hands the same batch over again."""
    begin(context)
    images = [
        record["dynamodb"]["NewImage"]
        for record in event["Records"]
        if "NewImage" in record["dynamodb"]  # a removed item has none
    ]
    archive_images()(images)
    count(records=len(images), failed=0)
    return {"batchItemFailures": []}
