"""An erasure reaches the files in buckets of tenants' own, and nothing else that stands there."""

import json
import tempfile
from contextlib import suppress
from typing import Any

import boto3
import duckdb
import pytest

from runtime.core.erasure.erasure import Stage
from runtime.core.events.envelope import ProfileRef
from runtime.core.jobs.job import JobState
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.settings.s3 import bucket_of
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import NotFound
from runtime.usecases.erasure.erase_files import FilesPage
from tests.builders import TENANT, an_event
from tests.erased_files import erase_files
from tests.erasure_world import ADA, BOB, SECOND_LOOK_S
from tests.erasure_world import World as Installation
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

ROLE = "arn:aws:iam::123456789012:role/penstock/writer"
ERASED, NEIGHBOUR = ProfileRef(id="ada"), ProfileRef(id="bob")
WORD = "word-of-ada"
CALLS_OF_AN_ERASURE = 60


class OwnBucket:
    """A bucket of acme's, as acme sees it."""

    def __init__(self, world: World, name: str, *, of: str = "syn_1") -> None:
        self.name = name
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.settings = {"bucket": name, "prefix": "shop/", "role_arn": ROLE}
        world.syncs.add(a_sync(id=of, kind=DestinationKind.S3, settings=self.settings))

    def keep_versions(self) -> None:
        """Have the bucket keep what is replaced and deleted."""
        versioning = {"Status": "Enabled"}
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration=versioning)

    def versions(self) -> dict[str, int]:
        """How many versions there are of each object, a deleted one's included."""
        counts: dict[str, int] = {}
        for each in self.s3.list_object_versions(Bucket=self.name).get("Versions", []):
            counts[each["Key"]] = counts.get(each["Key"], 0) + 1
        return counts

    def rows(self, *, word: str = "") -> list[str]:
        """Each row of each version of each Parquet file that has a word, as text."""
        listed = self.s3.list_object_versions(Bucket=self.name).get("Versions", [])
        bodies = [
            self.s3.get_object(Bucket=self.name, Key=each["Key"], VersionId=each["VersionId"])
            for each in listed
            if each["Key"].endswith(".parquet")
        ]
        return [row for each in bodies for row in _rows(each["Body"].read()) if word in row]

    def put(self, key: str, body: bytes) -> None:
        """Store something of acme's own."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        """An object."""
        body: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def manifests(self) -> list[dict[str, Any]]:
        """All manifests."""
        keys = [key for key in self.versions() if "_manifests/" in key]
        return [json.loads(self.get(key)) for key in keys]

    def empty(self, world: World) -> None:
        """Delete everything, and what we know of it."""
        for each in self.s3.list_object_versions(Bucket=self.name).get("Versions", []):
            which = {"Key": each["Key"], "VersionId": each["VersionId"]}
            self.s3.delete_object(Bucket=self.name, **which)
        for key in world.keys("people/own/"):
            self.s3.delete_object(Bucket=world.name, Key=key)

    def are_manifests_true(self) -> bool:
        """Whether each file is as its manifest says."""
        named = [file for each in self.manifests() for file in each["files"]]
        for file in named:
            body = self.get(file["key"])
            if (file["rows"], file["size_bytes"]) != (len(_rows(body)), len(body)):
                return False
        return bool(named)


def _rows(parquet: bytes) -> list[str]:
    with tempfile.NamedTemporaryFile() as file, duckdb.connect() as connection:
        file.write(parquet)
        file.flush()
        answer = connection.execute("SELECT * FROM read_parquet($file)", {"file": file.name})
        return [str(row) for row in answer.fetchall()]


@pytest.fixture
def own(world: World) -> OwnBucket:
    """A bucket of acme's, which a sync names."""
    return OwnBucket(world, f"{world.name}-own")


def _load(world: World, *people: ProfileRef, note: str = WORD) -> str:
    world.archive(
        *(
            an_event(
                id=f"{person.id}-{world.clock_at:%M}",
                topic="metric.a",
                profile=person,
                properties={"note": note if person is ERASED else "word-of-bob"},
            )
            for person in people
        )
    )
    world.pass_time(minutes=1)
    *_, load = world.planner().sync_one(TENANT, "syn_1")
    assert load.state is LoadState.LOADED
    return load.load_id


def _erase(world: World) -> FilesPage:
    return erase_files(world, "ada", only=Stage.OWN_BUCKETS)[Stage.OWN_BUCKETS]


def test_rows_of_the_person_are_gone_and_manifests_say_what_is_left(
    world: World, own: OwnBucket
) -> None:
    """The neighbour's rows stay, and a reader who goes by the manifests finds whole loads."""
    _load(world, ERASED, NEIGHBOUR)
    _load(world, ERASED)
    of_bob = own.rows(word="word-of-bob")
    assert len(own.rows(word=WORD)) == 2

    page = _erase(world)

    assert (2, 2, ()) == (page.files, page.rows, page.faults)
    assert [] == own.rows(word=WORD)
    assert of_bob == own.rows()
    assert own.are_manifests_true()
    assert FilesPage() == _erase(world)


def test_files_without_the_person_are_not_even_read(world: World, own: OwnBucket) -> None:
    """A tenant pays for each request, and an erasure must not take a day."""
    for _ in range(3):
        _load(world, NEIGHBOUR)
    named = _load(world, ERASED)
    read: list[str] = []
    client = world.as_role(bucket_of(own.settings), "syn_1")
    client.meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: read.append(params["Key"])
    )

    _erase(world)

    assert {f"shop/events/dt=2026-11-20/{named}.parquet", f"shop/_manifests/{named}.json"} == set(
        read
    )


def test_no_version_of_before_is_left_in_a_bucket_that_keeps_versions(
    world: World, own: OwnBucket
) -> None:
    """What was replaced, and what its owner has deleted, would have the person for ever."""
    own.keep_versions()
    named = _load(world, ERASED, NEIGHBOUR)
    deleted = _load(world, ERASED)
    own.s3.delete_object(Bucket=own.name, Key=f"shop/events/dt=2026-11-20/{deleted}.parquet")

    _erase(world)

    assert [] == own.rows(word=WORD)
    versions = {key: n for key, n in own.versions().items() if key.endswith(".parquet")}
    assert {f"shop/events/dt=2026-11-20/{named}.parquet": 1} == versions
    assert len(own.rows()) == 1


def test_a_file_from_before_there_were_indexes_is_looked_into(world: World, own: OwnBucket) -> None:
    """Older code has written files here, too; the next erasure finds an index."""
    _load(world, ERASED)
    (key,) = world.keys("people/own/")
    world.s3.delete_object(Bucket=world.name, Key=key)

    assert _erase(world).rows == 1
    assert [] == own.rows()
    assert [key] == world.keys("people/own/")


def test_what_is_not_ours_stays_as_it_is(world: World, own: OwnBucket) -> None:
    """The bucket is the tenant's: other files may have a prefix, a folder or a table of ours."""
    _load(world, NEIGHBOUR)
    others = {
        "shop/events/dt=2026-11-20/part-0.parquet": b"theirs",
        f"shop/orders/dt=2026-11-20/{'0' * 32}.parquet": b"theirs",
        f"events/dt=2026-11-20/{'0' * 32}.parquet": b"theirs",
        f"shop/events/dt=2026-11-20/{'0' * 32}.parquet.bak": b"theirs",
    }
    for key, body in others.items():
        own.put(key, body)

    assert FilesPage() == _erase(world)
    assert others == {key: own.get(key) for key in others}


def test_a_manifest_that_its_owner_has_changed_or_deleted_stops_no_erasure(
    world: World, own: OwnBucket
) -> None:
    """The files are what has to be right."""
    first, second = _load(world, ERASED), _load(world, ERASED)
    own.put(f"shop/_manifests/{first}.json", b"not ours")
    own.s3.delete_object(Bucket=own.name, Key=f"shop/_manifests/{second}.json")

    assert _erase(world).rows == 2
    assert b"not ours" == own.get(f"shop/_manifests/{first}.json")


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_kill_at_any_call_leaves_nothing_that_the_next_worker_does_not_find(
    world: World, own: OwnBucket, *, after_effect: bool
) -> None:
    """Between the file, its versions, its manifest and its index."""
    own.keep_versions()
    for at in range(1, CALLS_OF_AN_ERASURE):
        _load(world, ERASED, NEIGHBOUR)
        world.death = Death(at=at, after_effect=after_effect)
        with suppress(Killed):
            _erase(world)
        died, world.death = world.death.dead, None
        world.pass_time(minutes=17)

        _erase(world)

        assert [] == own.rows(word=WORD)
        assert own.are_manifests_true()
        if not died:
            return
        own.empty(world)
    pytest.fail("an erasure makes more calls than this test kills")


def test_a_load_that_was_killed_before_the_erasure_goes_on_without_the_person(
    world: World, own: OwnBucket
) -> None:
    """At whichever call it died: it stores its files again, under the same names."""
    own.keep_versions()
    for at in range(1, CALLS_OF_AN_ERASURE):
        world.archive(
            an_event(id=f"a{at}", topic="metric.a", profile=ERASED, properties={"note": WORD}),
            an_event(id=f"b{at}", topic="metric.a", profile=NEIGHBOUR),
        )
        death = Death(at=at, after_effect=True)
        with suppress(Killed):
            world.planner(death).sync_one(TENANT, "syn_1")
        world.death = None
        world.pass_time(minutes=17)

        erase_files(world, "ada")
        world.planner().sync_one(TENANT, "syn_1")

        assert [] == own.rows(word=WORD)
        assert own.are_manifests_true()
        if not death.dead:
            return
    pytest.fail("a run makes more calls than this test kills")


def test_a_bucket_that_nothing_was_loaded_into_keeps_no_erasure_from_its_end(
    world: World, own: OwnBucket
) -> None:
    """Its role may not trust us yet: the sync's id comes into the trust after the sync is made."""
    role = world.as_role(bucket_of(own.settings), "syn_1")
    role.meta.events.register("before-call.s3", _Refusal("ListObjectVersions"))

    assert FilesPage() == _erase(world)


def test_an_erasure_that_its_bucket_refuses_says_what_to_grant_and_goes_on_when_asked_again(
    installation: Installation,
) -> None:
    """Everything else is erased by then; nobody takes the job for done."""
    world, jobs = installation.warehouse, installation.cloud.jobs
    own = OwnBucket(world, f"{world.name}-own", of="syn_2")
    installation.syncs.add(world.syncs.held[TENANT, "syn_2"])
    world.planner().sync_one(TENANT, "syn_2")
    assert own.rows(word=ADA.word)
    profile_id = installation.profile_id(ADA)
    refused = _Refusal("ListObjectVersions")
    world.as_role(bucket_of(own.settings), "syn_2").meta.events.register("before-call.s3", refused)

    installation.request(ADA)
    for _ in range(3):
        installation.clock.advance(SECOND_LOOK_S + 1)
        installation.work()

    (job,) = jobs.list(TENANT).items
    assert job.reason is not None
    assert (JobState.FAILED, "permission") == (job.state, job.reason.code)
    advice = f"is refused to {ROLE} (AccessDenied): grant it s3:ListBucketVersions"
    assert advice in job.reason.message
    assert ["syn_2"] == [fault.subject for fault in job.faults]
    assert [] == installation.traces(ADA)

    refused.operation = ""
    assert job.id == installation.request_by_id(profile_id).id
    installation.work()
    (job,) = jobs.list(TENANT).items
    assert (JobState.DONE, None, ()) == (job.state, job.reason, job.faults)
    assert (0, True) == (len(own.rows(word=ADA.word)), bool(own.rows(word=BOB.word)))
    with pytest.raises(NotFound):
        installation.request_by_id(profile_id)


class _Refusal:
    """What a role says that may not do one thing."""

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def __call__(self, model: Any, **_: Any) -> None:
        if model.name == self.operation:
            raise boto3.client("s3").exceptions.ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, model.name
            )
