"""What is stored of a function's failures: its health, its canary's counts, its error groups."""

from dataclasses import replace
from typing import Any

from runtime.core.functions import error_groups
from runtime.core.functions.canary import CanaryFailure, Counts
from runtime.core.functions.error_groups import MAX_A_DAY, ErrorGroup
from runtime.core.functions.health import Health, Notice, NoticeKind
from runtime.core.functions.run import Outcome
from runtime.core.functions.selection import RunSelection
from runtime.core.ids import Key
from runtime.core.timestamps import moment
from runtime.stores.functions.canary_counts import CanaryCounts
from runtime.stores.functions.error_groups import ErrorGroups
from runtime.stores.functions.health import FunctionHealths
from runtime.stores.tables import shards
from tests.builders import NOW, NOW_MS, TENANT, a_run
from tests.cloud import RETENTION_DAYS, Cloud
from tests.doubles import FakeClock

WELL = Health(tenant=TENANT, function="vip-orders")
LATER = "2026-11-21T09:00:00.000Z"


def healths(cloud: Cloud) -> FunctionHealths:
    """As one worker sees them."""
    return FunctionHealths(table=cloud.runs.table, clock=lambda: moment(NOW))


def counts(cloud: Cloud) -> CanaryCounts:
    """As one worker sees them."""
    return CanaryCounts(table=cloud.runs.table, clock=lambda: moment(NOW))


def groups(cloud: Cloud, clock: FakeClock | None = None) -> ErrorGroups:
    """As one worker sees them."""
    return ErrorGroups(
        table=cloud.runs.table, clock=clock or FakeClock(), retention_days=RETENTION_DAYS
    )


def a_group(kind: str = "KeyError", **changes: Any) -> ErrorGroup:
    """What one failed run adds to its group."""
    error = {
        "type": kind,
        "message": "no such key",
        "traceback": 'Traceback\n  File "function.py", line 3, in handler\n    a["b"]\nKeyError',
    }
    (group,) = error_groups.group(
        [a_run(outcome=Outcome.RAISED, error=error, version=changes.get("version", 1))],
        function_created_at=NOW,
    )
    return replace(group, **changes)


class TestHealth:
    """Health by function."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """To every worker, with every part of a notice."""
        failure = CanaryFailure(
            canary_id="can_1", version=2, live_version=1, counts=Counts(canary_runs=9), reason="so"
        )
        told = Notice(kind=NoticeKind.FAILING, at_ms=NOW_MS, version=1, run_id="run_1", hops=2)
        ended = replace(told, kind=NoticeKind.CANARY_FAILED, canary=failure)
        sick = replace(WELL, failures=12, failing_since_ms=NOW_MS, notices=(told, ended))

        assert healths(cloud).find(TENANT, "vip-orders") == WELL
        stored = healths(cloud).replace(WELL, sick)

        assert stored == replace(sick, revision=1)
        assert healths(cloud).find(TENANT, "vip-orders") == stored
        assert healths(cloud).known([Key(TENANT, "vip-orders"), Key(TENANT, "other")]) == {
            (TENANT, "vip-orders"): stored,
            (TENANT, "other"): replace(WELL, function="other"),
        }

    def test_of_two_who_read_the_same_one_writes(self, cloud: Cloud) -> None:
        """Otherwise two workers would both tell of the tenth failure."""
        one, other = healths(cloud), healths(cloud)
        sick = replace(WELL, failures=10)
        assert [store.replace(WELL, sick) is not None for store in (one, other)] == [True, False]

    def test_who_must_be_told_is_found_until_it_is_done(self, cloud: Cloud) -> None:
        """And is no run."""
        notice = Notice(kind=NoticeKind.RECOVERED, at_ms=NOW_MS, version=1, run_id="run_1")
        store = healths(cloud)
        stored = store.replace(WELL, replace(WELL, notices=(notice,)))
        assert stored is not None

        assert list(store.due(now_ms=NOW_MS, limit=10)) == [stored]
        for shard in shards.RUN_SHARDS:
            assert not list(cloud.runs.due(shard=shard, now_ms=NOW_MS, limit=10))
        store.replace(stored, replace(stored, notices=()))
        assert list(store.due(now_ms=NOW_MS, limit=10)) == []


class TestCanaryCounts:
    """Counts by canary."""

    def test_every_addition_is_in_the_sum(self, cloud: Cloud) -> None:
        """Whichever workers make them: none has read anything before it writes."""
        gain = Counts(live_runs=9, live_failures=1, canary_runs=1)
        for _ in range(8):
            counts(cloud).add(TENANT, "can_1", gain)

        after = counts(cloud).add(TENANT, "can_1", Counts(canary_runs=1, canary_failures=1))

        assert after == Counts(live_runs=72, live_failures=8, canary_runs=9, canary_failures=1)
        assert after == counts(cloud).find(TENANT, "can_1")

    def test_each_canary_counts_for_itself(self, cloud: Cloud) -> None:
        """Those of another tenant too."""
        gain = Counts(canary_runs=1)
        store = counts(cloud)
        store.add(TENANT, "can_1", gain)
        assert store.add(TENANT, "can_2", gain) == gain
        assert store.add("other", "can_1", gain) == gain
        assert store.find("other", "can_2") == Counts()


class TestErrorGroups:
    """Groups by function."""

    def test_a_group_counts_and_keeps_its_beginning_and_its_newest_run(self, cloud: Cloud) -> None:
        """By additions, so workers need not wait for each other."""
        groups(cloud).add(a_group(count=3))
        groups(cloud).add(a_group(count=4, first_seen=LATER, last_seen=LATER, run_id="run_new"))

        (group,) = groups(cloud).list(TENANT, "vip-orders").items

        assert group == a_group(count=7, first_seen=NOW, last_seen=LATER, run_id="run_new")

    def test_the_group_that_failed_last_comes_first(self, cloud: Cloud) -> None:
        """A group moves to the front with each failure; pages and versions are told apart."""
        store = groups(cloud)
        store.add(a_group("A", last_seen="2026-11-20T13:00:01.000Z"))
        store.add(a_group("B", last_seen="2026-11-20T13:00:02.000Z", version=2))
        store.add(a_group("C", last_seen="2026-11-20T13:00:03.000Z"))
        store.add(a_group("A", last_seen="2026-11-20T13:00:04.000Z"))
        store.add(a_group("Z", function="other"))

        first = store.list(TENANT, "vip-orders", limit=2)
        rest = store.list(TENANT, "vip-orders", limit=2, after=first.after)
        of_version = store.list(TENANT, "vip-orders", version=1)

        assert [group.type for group in (*first.items, *rest.items)] == ["A", "C", "B"]
        assert [group.type for group in of_version.items] == ["A", "C"]
        assert rest.after is None

    def test_groups_are_no_runs_of_their_function(self, cloud: Cloud) -> None:
        """They stand in the same index."""
        groups(cloud).add(a_group())
        cloud.runs.commit(a_run())

        assert [
            run.id for run in cloud.runs.list(TENANT, RunSelection(function="vip-orders")).items
        ] == [a_run().id]

    def test_a_day_takes_so_many_groups_whoever_asks(self, cloud: Cloud) -> None:
        """Workers that know nothing of each other agree on which they are."""
        one, other = groups(cloud), groups(cloud)
        for start in range(0, MAX_A_DAY, 10):
            ids = [f"err_{n}" for n in range(start, start + 10)]
            store = one if start % 20 else other
            assert store.open(TENANT, "vip-orders", ids) >= set(ids)

        for store in (one, other, groups(cloud)):
            opened = store.open(TENANT, "vip-orders", ["err_new", "err_0"])
            assert opened == {f"err_{n}" for n in range(MAX_A_DAY)}

    def test_another_day_and_another_function_begin_anew(self, cloud: Cloud) -> None:
        """A warm worker notices midnight."""
        clock = FakeClock()
        store = groups(cloud, clock)
        store.open(TENANT, "vip-orders", [f"err_{n}" for n in range(MAX_A_DAY)])

        assert store.open(TENANT, "other", ["err_new"]) == {"err_new"}
        clock.advance(86_400)
        assert store.open(TENANT, "vip-orders", ["err_new"]) == {"err_new"}
