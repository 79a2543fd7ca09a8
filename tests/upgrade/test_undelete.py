"""What a mistake has deleted from a bucket that keeps versions is there again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
import pytest

from cli.main import main
from runtime.core.timestamps import timestamp
from tests.cloud import Cloud, in_process

OBJECTS: Final = {f"{kind}/{n}": b"%d" % n for kind in ("raw", "lake") for n in range(3)}
HOUR: Final = timedelta(hours=1)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with a stack whose bucket keeps versions, and has objects."""
    with in_process() as account:
        s3, name = account.clients.s3, account.bucket.name
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        for key, body in OBJECTS.items():
            s3.put_object(Bucket=name, Key=key, Body=body)
        outputs = {"Bucket": name, "AuditTable": account.audit.table.name}
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}},
            "Outputs": {each: {"Value": value} for each, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        yield account


def delete_all(cloud: Cloud) -> None:
    """What a mistake does."""
    for key in cloud.objects():
        cloud.clients.s3.delete_object(Bucket=cloud.bucket.name, Key=key)


def bodies(cloud: Cloud) -> dict[str, bytes]:
    """The objects in the bucket."""
    s3, name = cloud.clients.s3, cloud.bucket.name
    return {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in cloud.objects()}


def undelete(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    """How the command ends, and its document."""
    code = main(["admin", "undelete", "--stack", "penstock", "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_all_that_was_deleted_is_there_again(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the byte, and who has done it is on record; a second time there is nothing to do."""
    delete_all(cloud)
    assert {} == bodies(cloud)

    assert (0, {"deleted": 6, "undeleted": 6}) == undelete(capsys, "--since", "1h", "--yes")
    assert OBJECTS == bodies(cloud)
    assert (0, {"deleted": 0, "undeleted": 0}) == undelete(capsys, "--since", "1h", "--yes")
    main(["admin", "audit", "--stack", "penstock", "--json"])
    entries = json.loads(capsys.readouterr().out)["data"]
    assert ["objects.undeleted"] * 2 == [each["action"] for each in entries]


def test_without_yes_it_only_counts(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks first sees how much a wrong time would bring back."""
    delete_all(cloud)

    assert (0, {"deleted": 6, "undeleted": 0}) == undelete(capsys, "--since", "1h")
    assert {} == bodies(cloud)


def test_only_what_the_mistake_has_deleted_comes_back(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the time and the keys that are named, and not over what was put since."""
    delete_all(cloud)
    cloud.clients.s3.put_object(Bucket=cloud.bucket.name, Key="lake/0", Body=b"since")
    before = timestamp(datetime.now(UTC) - HOUR)

    _, earlier = undelete(capsys, "--since", "2h", "--until", before, "--yes")
    _, lake = undelete(capsys, "--since", "1h", "--prefix", "lake/", "--yes")

    assert (0, 2) == (earlier["undeleted"], lake["undeleted"])
    assert {"lake/0": b"since", "lake/1": b"1", "lake/2": b"2"} == bodies(cloud)


def test_a_time_without_length_is_refused(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """It would find nothing, and pass for a bucket that lacks nothing."""
    assert cloud.bucket.name

    code, document = undelete(capsys, "--since", "1h", "--until", "2h")

    assert (2, "usage") == (code, document["error"]["code"])
