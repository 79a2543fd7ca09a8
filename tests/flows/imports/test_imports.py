"""Imports on real stores: every row once, whoever is killed, and each bad one named by its line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.imports import profile_import as imports
from runtime.core.imports.profile_import import FileSpec
from runtime.core.imports.records import PIECE_BYTES
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import JobState
from runtime.core.profiles import stamps
from runtime.core.profiles.names import Name, NameRules
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput, Conflict, Transient
from runtime.stores.files import Files
from runtime.usecases.imports.create_import import CreateImport
from runtime.usecases.imports.import_page import ImportPage
from runtime.usecases.imports.row_timelines import RowTimelines
from runtime.usecases.jobs.work_off import LEASE_MS
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests import cloud as clouds
from tests.builders import TENANT, an_event
from tests.cloud import Cloud
from tests.imports import MAPPING, People, World, a_csv
from tests.machines.steps import KilledError, Steps, die


@pytest.fixture(scope="module")
def account() -> Iterator[Cloud]:
    """An account for all tests: to make its clients takes longer than a test."""
    with clouds.in_process() as cloud:
        yield cloud


@pytest.fixture
def world(account: Cloud) -> World:
    """Stores of its own."""
    return World(cloud=Cloud(clients=account.clients))


def test_every_row_becomes_what_the_mapping_says_and_the_file_is_deleted(world: World) -> None:
    """What was uploaded for one purpose is not kept for another."""
    data = b"\xef\xbb\xbf" + a_csv(20)
    job = world.done(data)

    assert JobState.DONE is job.state
    assert (20, {"taken": 20, "refused": 0, "bytes": len(data)}) == (job.done, job.counts)
    assert {f"c{n}": {"city": f"city {n % 3}"} for n in range(20)} == world.people.by_id
    assert [] == world.cloud.objects()
    assert [job.id] == world.started


def test_a_jsonl_of_values_keeps_their_types(world: World) -> None:
    """And a blank line is no row."""
    lines = [
        {"id": "c1", "city": "London", "more": {"age": 36}},
        {"id": "c2", "city": None},
    ]
    data = "\n\n".join(map(json.dumps, lines)).encode()
    job = world.done(data, format=FileFormat.JSONL, mapping={**MAPPING, "more": "properties"})

    assert {"c1": {"city": "London", "age": 36}, "c2": {}} == world.people.by_id
    assert 2 == job.done


def test_a_bad_row_is_named_by_its_line_and_spoils_no_other(world: World) -> None:
    """Lines are those of the file, as an editor shows them."""
    data = (
        b"id,city\n"
        b'c1,"a\nb"\n'  # lines 2 and 3
        b"c2\n"  # 4
        b"caf\xe9,x\n"  # 5
        b"c3,n\x00l\n"  # 6
        b",nobody\n"  # 7
        b"refused,x\n"  # 8
        b"\n"  # 9
        b"c4,=cmd|x!A1\n"  # 10
        b'c5,"a"b\n'  # 11
        b"c6,ok"  # 12
    )
    job = world.done(data)

    assert {
        4: "unequal_columns",
        5: "bad_encoding",
        6: "nul",
        7: "no_name",
        8: "profile_too_large",
        11: "bad_csv",
    } == {fault.line: fault.code for fault in job.faults}
    assert {"c1": "a\nb", "c4": "=cmd|x!A1", "c6": "ok"} == {
        customer: said["city"] for customer, said in world.people.by_id.items()
    }
    assert (9, 3, 6) == (job.done, job.counts["taken"], job.counts["refused"])


def test_a_dry_run_counts_and_names_faults_and_changes_nothing(world: World) -> None:
    """The same counts as the import itself."""
    data = a_csv(10) + b"c,too,many,fields\n"
    dry = world.done(data, dry_run=True)

    assert {} == world.people.by_id
    assert ({"taken": 10, "refused": 1}, 22) == (
        {name: dry.counts[name] for name in ("taken", "refused")},
        dry.faults[0].line,
    )


def test_only_the_first_faults_are_kept_and_all_are_counted(world: World) -> None:
    """A record of a job has no room for a million."""
    job = world.done(b"id,city\n" + b"x\n" * 50)

    assert list(range(2, 22)) == [fault.line for fault in job.faults]
    assert 50 == job.counts["refused"]


@pytest.mark.parametrize("step", range(1, 20, 2))
def test_whoever_is_killed_every_row_is_taken_in_and_counted_once(world: World, step: int) -> None:
    """At each call of a store, before it or behind it; the next worker goes on at that page."""
    job = world.upload(a_csv(20))
    for how in ({"before": die}, {"after": die}):
        try:
            world.work(Steps(left=step, **how))
        except KilledError:
            world.clock.advance(LEASE_MS / 1000 + 1)
    world.work()

    after = world.cloud.jobs.get(TENANT, job.id)
    assert (JobState.DONE, 20, 20) == (after.state, after.done, after.counts["taken"])
    assert 20 == len(world.people.by_id) == len(world.people.events)
    assert [] == world.cloud.objects()


def test_several_writers_take_in_what_one_would(world: World) -> None:
    """Rows about one person are one writer's, so a later row never meets an earlier one halfway."""
    writers = [People() for _ in range(4)]
    data = "id,city\n" + "".join(f"c{n % 40},{n}\n" for n in range(400))
    job = world.upload(data.encode())
    step = ImportPage(
        files=world.files,
        projects=writers,
        rules=lambda _tenant: NameRules(),
        clock=world.clock,
        rows=100,
    )
    while job.is_running:
        job = step(job)

    everybody = [customer for writer in writers for customer in writer.by_id]
    assert sorted(everybody) == sorted({f"c{n}" for n in range(40)})
    assert {f"c{n}": str(360 + n) for n in range(40)} == {
        customer: said["city"] for writer in writers for customer, said in writer.by_id.items()
    }
    assert all(writer.by_id for writer in writers)


def test_a_fault_of_ours_leaves_the_page_to_the_next_worker(world: World) -> None:
    """No row is lost to it, and none is called the caller's fault."""

    def fail(number: int) -> None:
        if number == 2:
            raise Transient("no answer")

    job = world.upload(a_csv(20))
    world.people.before = fail
    with pytest.raises(Transient):
        world.work()
    world.clock.advance(LEASE_MS / 1000 + 1)
    world.work()

    after = world.cloud.jobs.get(TENANT, job.id)
    assert (20, 20, ()) == (after.done, after.counts["taken"], after.faults)


def test_a_file_of_many_pieces_is_never_read_whole(world: World) -> None:
    """Each read gets a piece of it, whatever its size."""
    sizes: list[int] = []

    class Measured(Files):
        def read(self, key: str, /, *, start: int, size_bytes: int) -> bytes:
            piece = super().read(key, start=start, size_bytes=size_bytes)
            sizes.append(len(piece))
            return piece

    wide = "x" * 1000
    data = ("id,city\n" + "".join(f"c{n},{wide}\n" for n in range(600))).encode()
    world.rows = 500
    job = world.upload(data)
    step = ImportPage(
        files=Measured(bucket=lambda: world.cloud.bucket, clock=world.clock),
        projects=[world.people],
        rules=lambda _tenant: NameRules(),
        clock=world.clock,
    )
    while job.is_running:
        job = step(job)

    assert 600 == len(world.people.by_id) == job.done
    assert len(data) > 2 * PIECE_BYTES
    assert max(sizes) == PIECE_BYTES


@pytest.mark.parametrize(
    ("data", "spec", "code", "said"),
    [
        ("id,city\n".encode("utf-16"), {}, "bad_encoding", "save it as UTF-8"),
        (b"caf\xe9,city\nc1,x\n", {}, "bad_encoding", "line 1"),
        (b"\n\nid,town\nc1,x\n", {}, "unknown_column", "line 3: the file has no column 'city'"),
        (b"id,city,id\nc1,x,c1\n", {}, "duplicate_column", "two columns 'id'"),
        (b"c1\n", {"mapping": {"1": "email", "2": "phone"}, "has_header": False},
         "unknown_column", "no column 2"),
        (b'id,city\nc1,"' + b"x" * PIECE_BYTES * 2, {}, "record_endless", "line 2"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_on_fails_with_the_line(
    world: World, data: bytes, spec: dict[str, Any], code: str, said: str
) -> None:
    """Not with a fault for each of a million lines."""
    job = world.done(data, **spec)

    assert job.reason is not None
    assert (JobState.FAILED, code) == (job.state, job.reason.code)
    assert said in job.reason.message
    assert {} == world.people.by_id


def test_a_file_without_a_header_is_mapped_by_numbers(world: World) -> None:
    """And with the delimiter of half of Europe."""
    job = world.done(
        b"London;c1\nParis;c2\n",
        mapping={"2": "external_id", "1": "properties.city"},
        has_header=False,
        delimiter=";",
    )

    assert {"c1": {"city": "London"}, "c2": {"city": "Paris"}} == world.people.by_id
    assert 2 == job.done


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\n\n", b"id,city\n", b"\xef\xbb\xbfid,city"])
def test_a_file_without_rows_is_done_with_none(world: World, data: bytes) -> None:
    """It is no fault to know nobody."""
    job = world.done(data)

    assert (JobState.DONE, 0) == (job.state, job.done)


def test_consent_is_an_event_of_its_own_with_its_channel(world: World) -> None:
    """By the same topics as elsewhere."""
    world.done(
        b"id,mail,sms\nc1,subscribed,no\nc2,,\n",
        mapping={"id": "external_id", "mail": "consent.email", "sms": "consent.sms"},
    )

    assert [
        ("profile.subscribed", "c1", "email"),
        ("profile.unsubscribed", "c1", "sms"),
        ("profile.updated", "c1", None),
        ("profile.updated", "c2", None),
    ] == sorted(
        (event.topic, event.profile.external_id, event.properties.get("channel"))
        for event in world.people.events.values()
    )


def test_rows_that_name_one_person_in_two_ways_are_one_profile(world: World) -> None:
    """As events are; of two rows the later one counts, and of an event and a row the event."""
    people = world.cloud.people()
    world.project = ProjectProfiles(
        people=people, timelines=RowTimelines(timelines=world.cloud.timelines)
    )
    job = world.upload(
        b"id,mail,city,plan\n,ada@example.com,,pro\n\n\n\n\n\n\n"
        b"c1,ada@example.com,Rome,\nc1,,Oslo,\n",  # lines 9 and 10
        mapping={
            "id": "external_id",
            "mail": "email",
            "city": "properties.city",
            "plan": "properties.plan",
        },
    )
    later = an_event(
        id="evt_later",
        topic="profile.updated",
        occurred_at="2099-01-01T00:00:00.000Z",
        profile=ProfileRef(email="ada@example.com"),
        properties={"plan": "free"},
    )
    world.project([later])
    world.work()
    world.work()

    email = Name("email", "ada@example.com")
    [ada] = people.by_names(TENANT, [email]).values()
    assert isinstance(ada, Profile)
    assert ("c1", "ada@example.com") == (ada.external_id, ada.email)
    assert {"city": "Oslo", "plan": "free"} == ada.shown_properties
    assert job.id in stamps.cause_of(ada.stamps["properties.city"])


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"bytes": 1 << 30}, "file_too_large"),
        ({"bytes": 0}, "empty_file"),
        ({"delimiter": "x"}, "bad_delimiter"),
        ({"mapping": {"id": "properties.x"}}, "bad_mapping"),
        ({"has_header": False}, "bad_mapping"),
    ],
)
def test_what_can_never_be_imported_is_refused_before_it_is_uploaded(
    spec: dict[str, Any], code: str
) -> None:
    """A gigabyte is refused with the limit named."""
    values = {"format": FileFormat.CSV, "mapping": MAPPING, "bytes": 10, **spec}
    with pytest.raises(BadInput) as refusal:
        imports.check(FileSpec(**values))

    assert code == refusal.value.code
    assert code != "file_too_large" or "256 MB" in refusal.value.message


def test_an_import_is_started_once_and_only_with_the_file_that_was_announced(
    world: World,
) -> None:
    """A part of it would be taken for the whole."""
    job = world.upload(a_csv(3))
    assert JobState.RUNNING is world.starting(TENANT, job.id).state  # a repeat goes on
    world.work()
    with pytest.raises(Conflict, match="the job is done"):
        world.starting(TENANT, job.id)

    create = CreateImport(
        jobs=world.cloud.jobs, files=world.files, new_id=lambda _: "job_2", clock=world.clock
    )
    spec = FileSpec(format=FileFormat.CSV, mapping=MAPPING, bytes=10)
    other = create(TENANT, spec).job
    with pytest.raises(Conflict, match="has not been uploaded"):
        world.starting(TENANT, other.id)
    world.cloud.bucket.put(imports.file_key(other), b"id,city\n")
    with pytest.raises(Conflict, match="has 8 bytes, and 10 were announced"):
        world.starting(TENANT, other.id)
