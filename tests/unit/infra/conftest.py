"""A Redshift stand-in for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.redshift_standin import BUCKET, RedshiftStandIn


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[Any, Any]]:
    """S3 and EventBridge for this file; making clients is what takes time here."""
    with mock_aws():
        s3: Any = boto3.client("s3")
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield s3, boto3.client("events")


@pytest.fixture
def redshift(tmp_path: Path, aws: tuple[Any, Any]) -> Iterator[RedshiftStandIn]:
    """A fresh, empty warehouse."""
    s3, events = aws
    made = RedshiftStandIn(tmp_path, s3=s3, events=events)
    yield made
    made.server.close()
