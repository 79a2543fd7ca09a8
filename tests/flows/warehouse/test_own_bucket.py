"""Syncs into a bucket of a tenant's own."""

import json
from typing import Any

import boto3
import pytest

from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Permanent
from tests.builders import an_event
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

ROLE = "arn:aws:iam::123456789012:role/penstock/writer"
CALLS_OF_A_RUN = 30


@pytest.fixture
def bucket(world: World) -> str:
    """A bucket of acme's, which a sync names."""
    name = f"{world.name}-own"
    world.s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    settings = {"bucket": name, "prefix": "shop/", "role_arn": ROLE, "region": "eu-central-1"}
    world.syncs.add(a_sync(kind=DestinationKind.S3, settings=settings))
    return name


def _keys(bucket: str) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in listed.get("Contents", [])]


def _read(bucket: str, key: str) -> bytes:
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def test_the_files_of_a_load_are_there_too_and_a_manifest_names_them(
    world: World, bucket: str
) -> None:
    """Whoever reads the bucket must know which files are whole, and miss none."""
    world.archive(an_event(id="a"), an_event(id="b"))
    (load,) = world.planner().sync_one("acme", "syn_1")

    manifest = json.loads(_read(bucket, f"shop/_manifests/{load.load_id}.json"))
    (file,) = [each for each in manifest["files"] if each["table"] == "events"]
    assert (LoadState.LOADED, load.load_id) == (load.state, manifest["load_id"])
    assert f"shop/events/dt=2026-11-20/{load.load_id}.parquet" == file["key"]
    assert (2, "2026-11-20") == (file["rows"], file["day"])
    body = _read(bucket, file["key"])
    assert len(body) == file["size_bytes"]
    (ours,) = [key for key in world.keys("lake/") if "/events/" in key]
    assert body == _read(world.name, ours)


def test_a_kill_leaves_each_file_once_and_no_manifest_of_half_a_load(
    world: World, bucket: str
) -> None:
    """A manifest says that a load is whole: it must not be there before the last file is."""
    for at in range(1, CALLS_OF_A_RUN, 2):
        world.archive(an_event(id=f"e{at}"))
        death = Death(at=at, after_effect=at % 4 == 1)
        try:
            world.planner(death).sync_one("acme", "syn_1")
        except Killed:
            world.pass_time(minutes=17)
        world.death = None
        _manifests_name_what_is_there(bucket)
        if not death.dead:
            break
        world.planner().sync_one("acme", "syn_1")
    else:
        pytest.fail("a run makes more calls than this test kills")
    named = [key for each in _manifests(bucket) for key in each]
    assert sorted(named) == [key for key in _keys(bucket) if "_manifests" not in key]


def test_a_role_that_may_not_write_is_said_to_be_the_tenants_to_mend(
    world: World, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first load often comes before somebody has written the sync's id into the trust."""
    world.archive(an_event())

    def refuse(**_: Any) -> None:
        raise boto3.client("s3").exceptions.ClientError(
            {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "AssumeRole"
        )

    monkeypatch.setattr(world, "as_role", lambda *_: _refusing(refuse))
    with pytest.raises(Permanent, match="AssumeRole is refused"):
        world.planner().sync_one("acme", "syn_1")
    (record,) = world.runs()
    assert [] == _keys(bucket)
    assert ("permission", LoadState.PLANNED) == (record.error_code, record.state)

    monkeypatch.undo()
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert LoadState.LOADED is load.state


def test_a_bucket_that_is_not_there_is_named(world: World) -> None:
    """A misspelled name must not look like a fault of ours."""
    settings = {"bucket": f"{world.name}-no", "role_arn": ROLE}
    world.syncs.add(a_sync(kind=DestinationKind.S3, settings=settings))
    world.archive(an_event())
    with pytest.raises(Permanent, match=f"no bucket {world.name}-no"):
        world.planner().sync_one("acme", "syn_1")


def _refusing(refuse: Any) -> Any:
    client = boto3.client("s3")
    client.meta.events.register("before-call", refuse)
    return client


def _manifests(bucket: str) -> list[list[str]]:
    return [
        [file["key"] for file in json.loads(_read(bucket, key))["files"]]
        for key in _keys(bucket)
        if "_manifests" in key
    ]


def _manifests_name_what_is_there(bucket: str) -> None:
    there = set(_keys(bucket))
    for named in _manifests(bucket):
        assert there.issuperset(named)
