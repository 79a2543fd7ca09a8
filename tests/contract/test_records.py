"""Deliveries, runs and profiles: one conditional write each, and nothing lost to a race."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from runtime.core.deliveries.delivery import Selection, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.functions.run import Commit, Outcome
from runtime.core.ids import Key
from runtime.core.profiles.change import Change
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import moment, timestamp
from runtime.errors import BadInput
from runtime.stores.tables import shards
from tests.builders import (
    NOW,
    NOW_MS,
    TENANT,
    a_delivery,
    a_profile,
    a_run,
    an_attempt,
    an_envelope,
)
from tests.cloud import Cloud

DAY_MS = 86_400_000
DAYS_LATER = timestamp(moment(NOW) + timedelta(days=29))


class TestDeliveriesContract:
    """Deliveries by id, by webhook, by tenant, by due time."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """The body to the byte: it is what was signed."""
        delivery = a_delivery(body='{"text":"é  \\u0000 ' + "x" * 200_000 + '"}')
        cloud.deliveries.add(delivery)

        assert delivery == cloud.deliveries.find(delivery.id)
        assert {delivery.id: delivery} == cloud.deliveries.get([delivery.id, "none"])

    def test_the_first_record_stands(self, cloud: Cloud) -> None:
        """Two workers with the same first hint: the second's record must not undo the first's."""
        first = a_delivery()

        assert [True, False] == [
            cloud.deliveries.add(first),
            cloud.deliveries.add(replace(first, status=Status.DEAD, due_at_ms=None)),
        ]
        assert first == cloud.deliveries.find(first.id)

    def test_an_attempt_is_recorded_once(self, cloud: Cloud) -> None:
        """Of two who have made attempt 2, one writes it; the other learns that it came late."""
        before = a_delivery()
        cloud.deliveries.add(before)
        after = replace(
            before,
            attempts=(*before.attempts, an_attempt(number=2)),
            status=Status.DELIVERED,
            due_at_ms=None,
        )

        assert [True, False] == [
            cloud.deliveries.replace(before, after),
            cloud.deliveries.replace(before, replace(after, status=Status.DEAD)),
        ]
        assert after == cloud.deliveries.find(before.id)

    def test_each_write_of_a_record_raises_its_revision(self, cloud: Cloud) -> None:
        """Who copies records elsewhere tells the later of two by it, however often each comes."""
        delivery = a_delivery(due_at_ms=NOW_MS + DAY_MS)
        cloud.deliveries.add(delivery)
        due = replace(delivery, due_at_ms=NOW_MS)
        revisions = [_revision(cloud, delivery.id)]
        for write in (
            cloud.deliveries.hasten,
            cloud.deliveries.replace,
            cloud.deliveries.blank,
            lambda old, new: asyncio.run(cloud.deliveries.replace_async(old, new)),
        ):
            stored = cloud.deliveries.find(delivery.id)
            assert stored is not None
            assert write(stored, due)
            revisions.append(_revision(cloud, delivery.id))

        assert [0, 1, 2, 3, 4] == revisions

    def test_an_event_loop_writes_by_the_same_conditions(self, cloud: Cloud) -> None:
        """Who records attempts does not wait for one record before it goes on with the others."""
        before = a_delivery(due_at_ms=NOW_MS)
        after = replace(before, status=Status.DEAD, due_at_ms=None)

        async def write() -> list[bool]:
            return [
                await cloud.deliveries.add_async(before),
                await cloud.deliveries.add_async(after),
                await cloud.deliveries.replace_async(before, after),
                await cloud.deliveries.replace_async(before, before),
            ]

        assert [True, False, True, False] == asyncio.run(write())
        assert after == cloud.deliveries.find(before.id)

    def test_only_what_is_due_is_found(self, cloud: Cloud) -> None:
        """Of its own shard, at its time, and no longer once it is settled."""
        due = a_delivery(due_at_ms=NOW_MS)
        cloud.deliveries.add(due)
        mine = shards.delivery_shard(TENANT, due.id)

        def found(now_ms: int) -> dict[str, list[str]]:
            every = {
                shard: [d.id for d in cloud.deliveries.due(shard=shard, now_ms=now_ms, limit=10)]
                for shard in shards.DELIVERY_SHARDS
            }
            return {shard: ids for shard, ids in every.items() if ids}

        assert ({}, {mine: [due.id]}) == (found(NOW_MS - 1), found(NOW_MS))
        cloud.deliveries.replace(due, replace(due, status=Status.SKIPPED, due_at_ms=None))
        assert {} == found(NOW_MS)

    def test_the_index_knows_enough_for_the_hint_that_the_record_would_give(
        self, cloud: Cloud
    ) -> None:
        """The sweep reads no record: it sends what the index says, of a thousand in a minute."""
        due = a_delivery(due_at_ms=NOW_MS, hinted=True, body="x" * 5000)
        cloud.deliveries.add(due)
        shard = shards.delivery_shard(TENANT, due.id)

        [waiting] = cloud.deliveries.due(shard=shard, now_ms=NOW_MS, limit=10)

        assert delivery_hint(due) == delivery_hint(waiting)
        assert (NOW_MS, True) == (waiting.due_at_ms, waiting.hinted)
        assert cloud.deliveries.lease(waiting, until_ms=NOW_MS + 1)

    def test_a_listing_keeps_to_all_that_is_asked(self, cloud: Cloud) -> None:
        """By whichever index it is read."""
        for n in range(12):
            cloud.deliveries.add(
                a_delivery(
                    id=f"dlv_{n:02d}",
                    event_id=f"evt_{n % 3}",
                    webhook_id=f"whk_{n % 2}",
                    topic=f"metric.t{n % 4}",
                    status=Status.DELIVERED if n % 3 else Status.DEAD,
                    due_at_ms=None,
                    created_at=f"2026-11-20T13:04:{n:02d}.000Z",
                )
            )

        def listed(**wanted: Any) -> list[int]:
            found: list[int] = []
            after = None
            while True:
                page = cloud.deliveries.list(TENANT, Selection(**wanted), after=after, limit=2)
                found += [int(d.id[-2:]) for d in page.items]
                after = page.after
                if after is None:
                    return found

        at = "2026-11-20T13:04:{}.000Z".format
        assert listed() == list(reversed(range(12)))
        assert listed(status=Status.DEAD) == [9, 6, 3, 0]
        assert listed(status=Status.DEAD, webhook_id="whk_1") == [9, 3]
        assert listed(status=Status.DELIVERED, topic="metric.t1") == [5, 1]
        assert listed(event_id="evt_1") == [10, 7, 4, 1]
        assert listed(event_id="evt_1", webhook_id="whk_1", status=Status.DELIVERED) == [7, 1]
        assert listed(since=at("03"), until=at("05")) == [5, 4, 3]
        assert listed(webhook_id="whk_0", since=at("05"), until=at("03")) == []
        assert listed(webhook_id="whk_0", since=at("08")) == [10, 8]
        assert listed(event_id="evt_2", until=at("04")) == [2]

    def test_what_arrives_leaves_the_list_of_the_others(self, cloud: Cloud) -> None:
        """The index of trouble holds only trouble."""
        dead = a_delivery(status=Status.DEAD, due_at_ms=None)
        cloud.deliveries.add(dead)
        cloud.deliveries.replace(dead, replace(dead, status=Status.DELIVERED))

        assert cloud.deliveries.list(TENANT, Selection(status=Status.DEAD)).items == ()

    def test_overlapping_sweeps_lease_once(self, cloud: Cloud) -> None:
        """Two sweeps see the same record; one hint does; after the lease it is due again."""
        due = a_delivery(due_at_ms=NOW_MS)
        cloud.deliveries.add(due)

        leases = [cloud.deliveries.lease(due, until_ms=NOW_MS + 60_000) for _ in range(2)]

        assert [True, False] == leases
        assert replace(due, due_at_ms=NOW_MS + 60_000) == cloud.deliveries.find(due.id)

    def test_a_waiting_delivery_is_hastened_once(self, cloud: Cloud) -> None:
        """Two people ask for it at once: one hint is enough, and neither undoes an attempt."""
        later = a_delivery(due_at_ms=NOW_MS + DAY_MS)
        cloud.deliveries.add(later)

        due_now = replace(later, due_at_ms=NOW_MS, hinted=True)
        hastened = [cloud.deliveries.hasten(later, due_now) for _ in range(2)]

        assert [True, False] == hastened
        assert due_now == cloud.deliveries.find(later.id)
        cloud.deliveries.replace(due_now, replace(due_now, status=Status.DEAD, due_at_ms=None))
        assert not cloud.deliveries.hasten(due_now, due_now)

    def test_a_settled_delivery_is_not_leased(self, cloud: Cloud) -> None:
        """A lease must not make a finished delivery due again."""
        settled = a_delivery(status=Status.DELIVERED, due_at_ms=None)
        cloud.deliveries.add(settled)

        assert not cloud.deliveries.lease(settled, until_ms=NOW_MS)

    def test_lists_are_newest_first_and_page(self, cloud: Cloud) -> None:
        """By webhook or by tenant, of one status if asked."""
        for number in range(5):
            cloud.deliveries.add(
                a_delivery(
                    id=f"dlv_{number}",
                    created_at=f"2026-11-20T13:04:0{number}.000Z",
                    webhook_id=f"whk_{number % 2}",
                    status=Status.DEAD if number == 3 else Status.PENDING,
                )
            )
        cloud.deliveries.add(a_delivery(id="dlv_r", tenant="rival"))

        first = cloud.deliveries.list(TENANT, Selection(), limit=2)
        rest = cloud.deliveries.list(TENANT, Selection(), limit=9, after=first.after)
        mine = cloud.deliveries.list(TENANT, Selection(webhook_id="whk_1"))
        dead = cloud.deliveries.list(TENANT, Selection(status=Status.DEAD), limit=1)

        everything = (*first.items, *rest.items)
        assert ["dlv_4", "dlv_3", "dlv_2", "dlv_1", "dlv_0"] == [d.id for d in everything]
        assert ["dlv_3", "dlv_1"] == [d.id for d in mine.items]
        assert (["dlv_3"], None) == ([d.id for d in dead.items], dead.after)

    @pytest.mark.parametrize(
        ("changes", "from_ms"),
        [
            ({"due_at_ms": None, "attempts": ()}, NOW_MS),
            ({"due_at_ms": NOW_MS + 75 * 3_600_000}, NOW_MS + 75 * 3_600_000),
            (
                {"due_at_ms": None, "attempts": (an_attempt(started_at=DAYS_LATER),)},
                NOW_MS + 29 * DAY_MS,
            ),
        ],
        ids=["as_it_is_made", "while_it_waits", "after_its_last_attempt"],
    )
    def test_a_record_expires_a_retention_after_its_last_use(
        self, cloud: Cloud, changes: dict[str, Any], from_ms: int
    ) -> None:
        """DynamoDB deletes by this attribute; never what is still to be sent."""
        delivery = a_delivery(**changes)
        cloud.deliveries.add(delivery)

        item = cloud.deliveries.table.get({"pk": delivery.id})

        assert item is not None
        assert str(from_ms // 1000 + 30 * 86_400) == item["expires_at"]["N"]


class TestRunsContract:
    """Runs, and the profiles they change."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """Output, error, logs, effects and event, whatever JSON they are."""
        run = a_run(
            outcome=Outcome.RETRY,
            output={"n": 1.0, "big": 1e300, "none": None},
            error={"type": "RetryError", "message": "later", "traceback": []},
            logs=({"message": "m", "fields": {}, "at_ms": 1},),
            effects=({"op": "emit", "topic": "metric.x", "properties": {"deep": [[[]]]}},),
            event=an_envelope(),
            due_at_ms=NOW_MS,
            duration_ms=0.25,
        )
        cloud.runs.commit(run)

        assert run == cloud.runs.find(run.id)
        assert {run.id: run} == cloud.runs.find_many([run.id, run.id, "none"])

    def test_an_attempt_is_stored_once(self, cloud: Cloud) -> None:
        """A redelivered message must not store its run again; the next attempt must."""
        commits = [
            cloud.runs.commit(a_run()),
            cloud.runs.commit(a_run(output="other")),
            cloud.runs.commit(a_run(attempt=2)),
            cloud.runs.commit(a_run(attempt=1)),
        ]

        assert [Commit.DONE, Commit.STALE, Commit.DONE, Commit.STALE] == commits

    def test_run_and_profile_are_stored_together(self, cloud: Cloud) -> None:
        """The profile changes exactly once for a run, because both are one transaction."""
        assert Commit.DONE is cloud.runs.commit(a_run(), stored_as(a_profile()))
        assert Commit.STALE is cloud.runs.commit(
            a_run(), stored_as(a_profile(revision=2, properties={}), read_revision=1)
        )

        assert a_profile() == cloud.profiles.find(TENANT, a_profile().id)

    def test_a_changed_profile_stores_neither(self, cloud: Cloud) -> None:
        """The run has seen an old profile; it is to run again with the new one."""
        cloud.keep(a_profile(revision=2))

        commit = cloud.runs.commit(a_run(), stored_as(a_profile(revision=2), read_revision=1))

        assert Commit.PROFILE_CHANGED is commit
        assert cloud.runs.find(a_run().id) is None

    def test_due_runs_are_found_and_leased(self, cloud: Cloud) -> None:
        """Sweep treats runs as it treats deliveries."""
        run = a_run(outcome=Outcome.RETRY, due_at_ms=NOW_MS, event=an_envelope())
        cloud.runs.commit(run)

        due = list(cloud.runs.due(shard=shards.run_shard(run.id), now_ms=NOW_MS, limit=1))

        assert [run] == due
        assert [True, False] == [cloud.runs.lease(run, until_ms=NOW_MS + 1) for _ in range(2)]

    def test_what_cannot_be_an_item_is_the_inputs_fault(self, cloud: Cloud) -> None:
        """Trying again would fail for ever: it must not look like a fault of the platform."""
        noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(300_000))

        with pytest.raises(BadInput) as refusal:
            cloud.runs.commit(a_run(error={"message": noise}))

        assert "too_large" == refusal.value.code


def _revision(cloud: Cloud, delivery_id: str) -> int:
    stored = cloud.deliveries.find(delivery_id)
    assert stored is not None
    return stored.revision


def stored_as(profile: Profile, *, read_revision: int = 0) -> Change:
    """The change that stores a profile."""
    return Change(tenant=profile.tenant, profiles=((read_revision, profile),))


class TestProfilesContract:
    """Profiles by tenant and id."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """Stamps and all, alone or among many."""
        profile = a_profile(stamps={"email": f"{NOW}|evt_1"}, properties={"n": None, "f": 1.5})
        cloud.keep(profile)

        assert profile == cloud.profiles.find(TENANT, profile.id)
        wanted = [Key(name, profile.id) for name in (TENANT, TENANT, "rival")]
        assert {(TENANT, profile.id): profile} == cloud.profiles.find_many(wanted)

    def test_of_two_writers_one_reads_again(self, cloud: Cloud) -> None:
        """Both have read revision 1; the second's write would lose the first's."""
        writes = [
            cloud.profiles.commit(stored_as(a_profile(revision=1))),
            cloud.profiles.commit(stored_as(a_profile(revision=1))),
            cloud.profiles.commit(stored_as(a_profile(revision=2), read_revision=1)),
            cloud.profiles.commit(stored_as(a_profile(revision=2), read_revision=1)),
        ]

        assert [True, False, True, False] == writes

    def test_more_profiles_than_one_request_holds_are_read(self, cloud: Cloud) -> None:
        """DynamoDB reads a hundred at a time."""
        for number in range(101):
            cloud.keep(a_profile(id=f"prf_{number}", names=()))

        found = cloud.profiles.find_many([Key(TENANT, f"prf_{number}") for number in range(101)])

        assert 101 == len(found)
