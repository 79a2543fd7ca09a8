"""I3: exactly once in the warehouse, whatever step is killed and run again."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.plan import Load, LoadState
from runtime.errors import Transient
from tests.builders import an_event
from tests.lake_manifests import problems, unnamed
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

_syncs = itertools.count()
CALLS_OF_A_RUN = 50  # more than one run makes; a death beyond the last call never happens


def _work(world: World, death: Death | None = None) -> None:
    """The sync function's process, from its start to its end or its death."""
    planner = world.planner(death)
    try:
        for sync in world.syncs.enabled():
            planner.sync_one(sync.tenant, sync.id)
    except Killed:
        world.pass_time(minutes=17)  # its lease runs out
    finally:
        world.death = None


def _everything_is_there_once(world: World, expected: list[str]) -> None:
    assert world.ids() == expected
    loads = world.query("SELECT load_id, table_name FROM penstock_acme._loads ORDER BY 1, 2")
    manifests = world.keys("manifest/")
    assert [f"manifest/v1/{row['load_id']}/{row['table_name']}.json" for row in loads] == manifests
    lake = {key.rpartition("/")[2].partition(".")[0] for key in world.keys("lake/")}
    assert lake == {row["load_id"] for row in loads}
    assert ([], set()) == (problems(world), unnamed(world))


def test_a_run_makes_the_calls_that_the_kill_test_kills(world: World) -> None:
    """If a run grew beyond the range of the kill test, its last steps would go untested."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    death = Death()
    _work(world, death)
    assert 10 < death.calls < CALLS_OF_A_RUN
    assert {"BatchExecuteStatement", "PutObject", "TransactWriteItems"} <= set(death.named)


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_kill_at_any_call_loses_and_doubles_nothing(world: World, *, after_effect: bool) -> None:
    """The process may die before a call or after it took effect; the next one must finish it."""
    world.syncs.add(a_sync())
    expected: list[str] = []
    for at in range(1, CALLS_OF_A_RUN):
        arriving = [f"e{at:02d}a", f"e{at:02d}b"]
        again = expected[-1:]  # redelivered with the next batch
        world.archive(*(an_event(id=name) for name in [*again, *arriving]))
        expected += arriving
        death = Death(at=at, after_effect=after_effect)
        _work(world, death)
        if not death.dead:
            break
        _work(world)
    else:
        pytest.fail("a run makes more calls than this test kills")
    _everything_is_there_once(world, expected)


@given(
    deaths=st.lists(
        st.tuples(st.integers(1, CALLS_OF_A_RUN), st.booleans()), min_size=1, max_size=6
    ),
    batches=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=1, max_size=4),
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_series_of_kills_and_batches_ends_with_each_row_once(
    world: World, deaths: list[tuple[int, bool]], batches: list[list[int]]
) -> None:
    """Deaths come in series, and batches arrive between them."""
    number = next(_syncs)
    world.syncs.held.clear()
    sync = world.syncs.add(a_sync(id=f"syn_{number}", schema=f"s_{number}"))
    for n in range(max(len(deaths), len(batches))):
        world.archive(*(an_event(id=f"e{name}") for names in batches[n : n + 1] for name in names))
        at, after_effect = deaths[n] if n < len(deaths) else (10**6, False)
        _work(world, Death(at=at, after_effect=after_effect))
    _work(world)
    arrived = {row["id"] for batch in world.raw_log().since(0) for row in world.rows(batch)}
    assert world.ids(sync.schema) == sorted(arrived)


def test_an_archiver_killed_at_any_call_loses_nothing_when_its_events_come_again(
    world: World,
) -> None:
    """SQS gives the same messages again; numbers must stay without a gap all the same."""
    world.syncs.add(a_sync())
    expected = []
    for n in range(12):
        at, after_effect = divmod(n, 2)
        event = an_event(id=f"e{n:02d}")
        world.death = Death(at=at + 1, after_effect=bool(after_effect))
        try:
            world.archive(event)
        except Killed:
            world.death = None
            world.archive(event)
        world.death = None
        expected.append(event.id)
    numbers = [batch.seq for batch in world.raw_log().since(0)]
    assert numbers == list(range(1, len(numbers) + 1))
    world.planner().sync_one("acme", "syn_1")
    assert world.ids() == expected


def test_a_lost_reply_of_submit_runs_the_load_once(world: World) -> None:
    """The network drops the answer: the same token must find the same statement."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner()
    world.redshift.faults.lost_replies.add("DescribeStatement")
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="evt_2"))
    world.redshift.faults.lost_replies.add("BatchExecuteStatement")
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert load.state is LoadState.LOADED
    assert world.ids() == ["evt_1", "evt_2"]
    assert len(world.query("SELECT DISTINCT load_id FROM penstock_acme._loads")) == 2


def test_an_expired_token_meets_the_guard(world: World) -> None:
    """Tokens live 8 hours, weekends longer: then only `_loads` knows that it has happened."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    submit = _call_number(world, "BatchExecuteStatement")
    world.archive(an_event(id="evt_2"))
    with pytest.raises(Killed):
        world.planner(Death(at=submit, after_effect=True)).sync_one("acme", "syn_1")
    world.death = None
    assert len(world.ids()) == 2  # it was committed; nobody has noted it
    world.pass_time(hours=60)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.rows_new) == (LoadState.LOADED, 1)
    assert world.ids() == ["evt_1", "evt_2"]
    failed = [one for one in _statements(world) if one["Status"] == "FAILED"]
    assert [one["StatementName"] for one in failed] == [load.name]


def test_a_statement_that_outlives_the_wait_is_settled_by_the_next_run(world: World) -> None:
    """A slow warehouse must not make the function wait for ever, nor load twice."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="evt_2"))
    world.redshift.faults.gate.clear()
    (waiting,) = world.planner(statement_wait_s=0).sync_one("acme", "syn_1")
    world.redshift.faults.gate.set()
    assert waiting.state is LoadState.SUBMITTED
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.load_id) == (LoadState.LOADED, waiting.load_id)
    assert world.ids() == ["evt_1", "evt_2"]


def test_a_statement_that_the_service_forgot_is_looked_up_in_the_warehouse(world: World) -> None:
    """Results are kept a day; after that the ledger in the warehouse is the only witness."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="evt_2"))
    world.redshift.faults.gate.clear()
    world.planner(statement_wait_s=0).sync_one("acme", "syn_1")
    world.redshift.faults.gate.set()
    world.ids()  # runs behind it, so the load has ended
    world.pass_time(hours=25)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert load.state is LoadState.LOADED
    assert world.ids() == ["evt_1", "evt_2"]


def test_a_second_planner_is_turned_away_while_the_first_holds_the_lease(world: World) -> None:
    """The hour strikes while somebody pressed the button."""
    world.syncs.add(a_sync())
    now_ms = int(world.clock().timestamp() * 1000)
    world.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    with pytest.raises(Transient) as busy:
        world.planner().sync_one("acme", "syn_1")
    assert busy.value.code == "sync_busy"


def test_a_planner_that_lost_its_lease_changes_nothing(world: World) -> None:
    """A process frozen past its lease wakes up: its writes must bounce off the fence."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    now_ms = int(world.clock().timestamp() * 1000)
    frozen = world.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    world.pass_time(minutes=2)
    (load,) = world.planner().sync_one("acme", "syn_1")
    for write in (world.ledger().save, world.ledger().finish):
        with pytest.raises(Transient) as lost:
            write(frozen, load)
        assert lost.value.code == "lease_lost"
    world.ledger().release(frozen)
    assert [run.load_id for run in world.runs()] == [load.load_id]


def test_a_missing_staged_file_fails_the_load_whole(world: World) -> None:
    """Optional entries of a manifest are skipped in silence; ours are mandatory."""
    load = _meddled(world, lambda key: world.s3.delete_object(Bucket=world.name, Key=key))
    assert load.error_code == "missing_file"


def test_a_truncated_staged_file_fails_the_load_whole(world: World) -> None:
    """The manifest says how long each file is; half a file must not load as fewer rows."""

    def truncate(key: str) -> None:
        body = world.s3.get_object(Bucket=world.name, Key=key)["Body"].read()
        world.s3.put_object(Bucket=world.name, Key=key, Body=body[: len(body) // 2])

    load = _meddled(world, truncate)
    assert load.error_code == "data"


def test_code_that_changed_between_kill_and_next_run_plans_the_load_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staged files of older code must not meet the statements of newer code."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    submit = _call_number(world, "BatchExecuteStatement")
    world.archive(an_event(id="evt_2"))
    with pytest.raises(Killed):
        world.planner(Death(at=submit)).sync_one("acme", "syn_1")
    world.pass_time(minutes=17)
    monkeypatch.setattr(plan, "TRANSFORM_VERSION", 1_000)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.versions) == (LoadState.LOADED, f"{tables.SCHEMA_VERSION}.1000")
    (given_up,) = [run.state for run in world.runs() if run.error_code == "replanned"]
    assert given_up is LoadState.FAILED
    assert world.ids() == ["evt_1", "evt_2"]


def _call_number(world: World, name: str) -> int:
    """Load what there is; which call of a run, made once the schema exists, is this one."""
    _work(world)
    world.archive(an_event(properties={"again": True}))  # no new row, but the calls of a load
    death = Death()
    _work(world, death)
    return death.named.index(name) + 1


def _meddled(world: World, meddle: Callable[[str], object]) -> Load:
    """The load whose staged file was meddled with between staging and submitting."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    submit = _call_number(world, "BatchExecuteStatement")
    before = set(world.keys("stage/"))
    world.archive(an_event(id="evt_2"))
    with pytest.raises(Killed):
        world.planner(Death(at=submit)).sync_one("acme", "syn_1")
    world.death = None
    world.pass_time(minutes=17)
    (staged,) = [key for key in set(world.keys("stage/")) - before if "/events-" in key]
    meddle(staged)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["evt_1"]
    assert len(world.query("SELECT DISTINCT load_id FROM penstock_acme._loads")) == 2
    return load


def _statements(world: World) -> list[dict[str, object]]:
    answer = world.client("redshift-data").list_statements()
    return list(answer["Statements"])
