"""Runs that are run again, and the jobs that do it, in the real stores."""

from dataclasses import replace

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.replay import DeliveryReplay
from runtime.core.functions import rerun
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Commit, Outcome
from runtime.core.replays.replay import Kind, Replay, Subject
from runtime.errors import NotFound
from runtime.stores.bodies import INLINE_LEFT_BYTES
from runtime.stores.replays.replays import Replays
from runtime.stores.tables import shards
from tests.builders import NOW, NOW_MS, TENANT, a_run, an_event
from tests.cloud import RETENTION_DAYS, Cloud

RUNS = RunReplay(
    id="rpl_1",
    tenant=TENANT,
    created_at=NOW,
    until=NOW,
    function="whk_1",  # a function may have any name, that of a webhook's id included
    outcomes=(Outcome.RAISED, Outcome.REFUSED),
    version=VersionChoice.SAME,
    page=("run_1", "run_2"),
    due_at_ms=NOW_MS,
)
DELIVERIES = DeliveryReplay(
    id="rpl_2",
    tenant=TENANT,
    created_at=NOW,
    until=NOW,
    webhook_id="whk_1",
    statuses=(Status.DEAD,),
    due_at_ms=NOW_MS,
)


class TestBeginAgain:
    """The next attempt of a run that has ended."""

    def test_it_is_begun_once(self, cloud: Cloud) -> None:
        """Of two who want it, one gets it; until the attempt is made it cannot be begun anew."""
        failed = a_run(outcome=Outcome.RAISED)
        cloud.runs.commit(failed)
        due = rerun.again(failed, an_event(), version=2, replay_id="rpl_1", now_ms=NOW_MS)

        assert [True, False] == [cloud.runs.begin_again(failed, due) for _ in range(2)]

        assert due == cloud.runs.find(failed.id)
        listed = list(cloud.runs.due(shard=shards.run_shard(due.id), now_ms=NOW_MS, limit=1))
        assert [due] == listed

    def test_a_run_that_was_made_meanwhile_is_left(self, cloud: Cloud) -> None:
        """The wish was about an attempt that is not the last one any more."""
        failed = a_run(outcome=Outcome.RAISED)
        cloud.runs.commit(failed)
        made = replace(failed, attempt=2, outcome=Outcome.RETURNED)
        assert Commit.DONE is cloud.runs.commit(made)
        due = rerun.again(failed, an_event(), version=None, replay_id=None, now_ms=NOW_MS)

        assert not cloud.runs.begin_again(failed, due)
        assert made == cloud.runs.find(failed.id)

    def test_a_large_result_makes_room_for_the_event(self, cloud: Cloud) -> None:
        """An item has 400 KB, and a run that is run again keeps its event beside its result."""
        random = "".join(chr(32 + (n * n) % 90) for n in range(INLINE_LEFT_BYTES - 100))
        done = a_run(output=random)
        cloud.runs.commit(done)
        event = an_event(properties={"text": random[: INLINE_LEFT_BYTES - 2000]})
        due = rerun.again(done, event, version=None, replay_id=None, now_ms=NOW_MS)

        assert cloud.runs.begin_again(done, due)

        stored = cloud.runs.find(done.id)
        assert stored is not None
        assert (event.to_json(), random) == (stored.event, cloud.runs.open(stored).output)
        assert stored.is_unopened


class TestReplays:
    """Jobs of both kinds in one table."""

    @pytest.fixture
    def replays(self, cloud: Cloud) -> Replays:
        """The store."""
        return Replays(table=cloud.deliveries.table, retention_days=RETENTION_DAYS)

    def test_what_is_stored_comes_back(self, replays: Replays) -> None:
        """Each as what it is."""
        jobs: tuple[Replay, ...] = (RUNS, DELIVERIES)
        for job in jobs:
            replays.add(job)

        assert list(jobs) == [replays.get(TENANT, job.subject, job.id) for job in jobs]
        due = replays.due(now_ms=NOW_MS, limit=10)
        assert set(jobs) == set(due)

    def test_a_function_and_a_webhook_of_one_name_are_two(self, replays: Replays) -> None:
        """Nobody sees, or stops, the other's jobs."""
        for job in (RUNS, DELIVERIES):
            replays.add(job)

        assert (RUNS,) == replays.list(TENANT, Subject(Kind.RUNS, "whk_1")).items
        assert (DELIVERIES,) == replays.list(TENANT, Subject(Kind.DELIVERIES, "whk_1")).items
        with pytest.raises(NotFound):
            replays.get(TENANT, DELIVERIES.subject, RUNS.id)
