"""Lambda `archive_profiles`: puts the changed profiles of a table's stream into the raw log."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count
from runtime.wiring import archive

archive_images = cache(archive.build_profiles)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Archive every new image. After an error the stream hands the same batch over again."""
    begin(context)
    images = [
        record["dynamodb"]["NewImage"]
        for record in event["Records"]
        if "NewImage" in record["dynamodb"]  # a removed item has none
    ]
    archive_images()(images)
    count(records=len(images), failed=0)
    return {"batchItemFailures": []}
