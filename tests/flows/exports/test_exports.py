"""Exports on real stores: everybody who fits, once, in a file that no spreadsheet runs."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from runtime.core.exports import profile_export as exports
from runtime.core.exports.profile_export import ExportSpec
from runtime.core.imports import mapping as mappings
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job, JobState
from runtime.core.profiles import attributes
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.names import Name
from runtime.errors import BadInput, Conflict, NotFound
from runtime.stores.files import Files
from runtime.stores.profiles.profile_pages import ProfilePages
from runtime.usecases.exports.create_export import CreateExport
from runtime.usecases.exports.export_page import ExportPage
from runtime.usecases.exports.fetch_export import FetchExport
from runtime.usecases.jobs.end_failed import EndFailed
from runtime.usecases.jobs.work_off import LEASE_MS, WorkOff
from tests import cloud as clouds
from tests.builders import NOW, TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.steps import KilledError, Steps, Watched, die

CSV, JSONL = FileFormat.CSV, FileFormat.JSONL


@dataclass(kw_only=True)
class World:
    """Profiles, a bucket and a store of jobs."""

    cloud: Cloud
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def files(self) -> Files:
        """The files of the bucket."""
        return Files(bucket=lambda: self.cloud.bucket, clock=self.clock)

    def start(self, tenant: str, job_id: str, /) -> None:
        """Start no function: the tests work the jobs off."""

    def add(self, number: int, **properties: Any) -> None:
        """A person."""
        amendment = Amendment(
            put=properties,
            add_names=(Name("email", f"p{number}@example.com"), Name("phone", f"+49{number}")),
            consent={"email": {"status": "subscribed", "source": "test", "at": NOW}},
        )
        empty = profiles.unknown(TENANT, f"prf_{number:04d}")
        profile = attributes.amend(empty, amendment, now=NOW, cause="key:1")
        self.cloud.keep(profiles.stored(profile))

    def export(self, spec: ExportSpec) -> Job:
        """A job that has just been made."""
        create = CreateExport(
            jobs=self.cloud.jobs, starter=self, new_id=lambda _: "job_1", clock=self.clock
        )
        return create(TENANT, spec)

    def work(self, steps: Steps | None = None) -> None:
        """The function `jobs`, once, with pages and parts so small that a few people make many."""
        watched = Steps() if steps is None else steps
        page = ExportPage(
            profiles=ProfilePages(table=self.cloud.profiles.table),
            files=Watched(thing=self.files, steps=watched),
            clock=self.clock,
            page_profiles=3,
            min_part_bytes=700,
        )
        WorkOff(
            store=Watched(thing=self.cloud.jobs, steps=watched),
            steps={"profile_export": EndFailed(step=page, clock=self.clock)},
            budget_s=55,
            clock=self.clock,
        )()

    def text(self, job: Job) -> str:
        """What is in the job's file."""
        return self.cloud.bucket.get(exports.file_key(job)).decode()

    def done(self, spec: ExportSpec) -> Job:
        """An export after it has ended."""
        job = self.export(spec)
        self.work()
        return self.cloud.jobs.get(TENANT, job.id)


@pytest.fixture(scope="module")
def account() -> Iterator[Cloud]:
    """An account for all tests. Moto has S3's limit for parts, which would make them slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        with clouds.in_process() as cloud:
            yield cloud


@pytest.fixture
def world(account: Cloud) -> World:
    """Stores of its own."""
    return World(cloud=Cloud(clients=account.clients))


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV, by the names of its header."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_jsonl_has_everybody_and_nobody_twice(world: World) -> None:
    """And the small objects that it was put together of are gone."""
    for number in range(10):
        world.add(number, city=f"city {number}")
    job = world.done(ExportSpec(format=JSONL))

    people = [json.loads(line) for line in world.text(job).splitlines()]
    assert [f"p{n}@example.com" for n in range(10)] == [each["email"] for each in people]
    assert "city 3" == people[3]["properties"]["city"]
    assert (JobState.DONE, 10, {"written": 10}) == (job.state, job.done, job.counts)
    assert {"bytes": len(world.text(job)), "name": "profiles-2026-11-20.jsonl"} == job.result
    assert [exports.file_key(job)] == world.cloud.objects()


def test_a_csv_has_a_header_and_a_column_for_each_place(world: World) -> None:
    """Formulas are texts, numbers stay numbers, and what is not known is empty."""
    world.add(1, city='=cmd|"/C calc"!A0', age=-5, tags=["a"], note='a "b"\nc', vip=True)
    columns = ("email", "phone", "consent.email", "consent.sms")
    properties = ("city", "age", "tags", "note", "vip", "none")
    spec = ExportSpec(format=CSV, columns=(*columns, *(f"properties.{n}" for n in properties)))
    [row] = rows(world.text(world.done(spec)))

    assert {
        "email": "p1@example.com",
        "phone": "'+491",
        "consent.email": "subscribed",
        "consent.sms": "",
        "properties.city": '\'=cmd|"/C calc"!A0',
        "properties.age": "-5",
        "properties.tags": '["a"]',
        "properties.note": 'a "b"\nc',
        "properties.vip": "true",
        "properties.none": "",
    } == row


def test_what_is_exported_can_be_imported_again(world: World) -> None:
    """Each column is called as the target that it came from, and formulas lose their apostrophe."""
    world.add(1, city="=SUM(A1)", age=36)
    [row] = rows(world.text(world.done(ExportSpec(format=CSV))))
    columns = ("email", "phone", "consent.email", "properties")
    targets = mappings.parse({column: column for column in columns})

    read = mappings.read_cells([(targets[column], row[column]) for column in columns])

    assert {"email": "p1@example.com", "phone": "+491"} == read.profile
    assert {"city": "=SUM(A1)", "age": 36} == read.properties
    assert {"email": True} == read.consents


def test_a_filter_takes_those_who_fit(world: World) -> None:
    """By the same patterns as a webhook's."""
    for number in range(10):
        world.add(number, age=number, city="Rome" if number % 2 else "Oslo")
    pattern = {"properties": {"city": ["Rome"], "age": [{"numeric": [">", 4]}]}}
    job = world.done(ExportSpec(format=CSV, columns=("email",), filter=pattern))

    assert [f"p{n}@example.com" for n in (5, 7, 9)] == [
        each["email"] for each in rows(world.text(job))
    ]
    assert (10, {"written": 3}) == (job.done, job.counts)


def test_who_was_merged_away_deleted_or_erased_is_in_no_export(world: World) -> None:
    """A redirect would be the same person twice."""
    for number in range(4):
        world.add(number)
    ids = [f"prf_{number:04d}" for number in range(4)]
    merged, deleted, erased, _ = (world.cloud.profiles.find(TENANT, each) for each in ids)
    assert merged and deleted and erased  # noqa: PT018 - all are there
    world.cloud.keep(
        profiles.stored(profiles.redirect(merged, into=ids[3])),
        profiles.stored(replace(deleted, deleted=True)),
        profiles.stored(replace(erased, erased_at=NOW)),
    )

    job = world.done(ExportSpec(format=JSONL))

    assert [ids[3]] == [json.loads(line)["id"] for line in world.text(job).splitlines()]


@pytest.mark.parametrize("spec", [ExportSpec(format=CSV), ExportSpec(format=JSONL)])
def test_an_export_of_nobody_is_a_file_all_the_same(world: World, spec: ExportSpec) -> None:
    """A script that fetches it must not have to ask whether there is one."""
    job = world.done(spec)

    assert JobState.DONE is job.state
    assert len(world.text(job).splitlines()) == (spec.format is CSV)


@pytest.mark.parametrize("step", range(1, 30, 3))
def test_whoever_is_killed_the_file_has_everybody_once(world: World, step: int) -> None:
    """At each call of a store; the next worker goes on, and stores its part over the other's."""
    for number in range(8):
        world.add(number, city="x" * 100)
    job = world.export(ExportSpec(format=CSV, columns=("id", "properties.city")))
    for how in ({"before": die}, {"after": die}):
        try:
            world.work(Steps(left=step, **how))
        except KilledError:
            world.clock.advance(LEASE_MS / 1000 + 1)
    world.work()
    world.work()

    after = world.cloud.jobs.get(TENANT, job.id)
    assert (JobState.DONE, 8, {"written": 8}) == (after.state, after.done, after.counts)
    assert [f"prf_{n:04d}" for n in range(8)] == [each["id"] for each in rows(world.text(after))]


def test_a_file_is_fetched_when_it_is_done_and_while_it_is_kept(world: World) -> None:
    """The request is signed for one file and a quarter of an hour."""
    fetch = FetchExport(jobs=world.cloud.jobs, files=world.files)
    job = world.export(ExportSpec(format=CSV))
    with pytest.raises(Conflict, match="is running has no file"):
        fetch(TENANT, job.id)
    world.work()

    request = fetch(TENANT, job.id)
    assert ("GET", "2026-11-20T13:19:05.123Z") == (request.method, request.expires_at)
    assert exports.file_key(job) in request.url
    with pytest.raises(NotFound, match="no such job"):
        fetch("globex", job.id)

    world.files.delete(exports.file_key(job))
    with pytest.raises(NotFound, match="removed two days after"):
        fetch(TENANT, job.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"columns": ()}, "bad_columns"),
        ({"columns": ("mail",)}, "bad_columns"),
        ({"columns": ("properties.",)}, "bad_columns"),
        ({"columns": tuple(f"properties.p{n}" for n in range(501))}, "bad_columns"),
        ({"filter": {"properties": {"age": [{"numeric": ["~", 4]}]}}}, "bad_filter"),
    ],
)
def test_an_export_that_can_never_be_done_is_refused(change: dict[str, Any], code: str) -> None:
    """Before a job is made of it."""
    with pytest.raises(BadInput) as refusal:
        exports.check(ExportSpec(**{"format": CSV, **change}))

    assert code == refusal.value.code
