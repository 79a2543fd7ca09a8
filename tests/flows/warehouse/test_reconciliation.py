"""Profiles whose snapshots were lost on the way are found, and get to the warehouse after all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.core.archive import reconciliation
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.core.warehouse.selection import Selection
from runtime.errors import PenstockError
from runtime.stores.archive.samples import Samples
from runtime.stores.profiles.items import profile_item
from runtime.stores.profiles.profile_states import ProfileStates
from runtime.stores.tables import codec, keys
from runtime.stores.warehouse.archived_profiles import ArchivedProfiles
from runtime.usecases.archive.archive_profiles import ArchiveProfiles
from runtime.usecases.archive.reconcile_profiles import Reconciled, ReconcileProfiles
from tests.builders import a_profile, a_sync
from tests.warehouse import World

LONG_AGO = "2026-01-01T00:00:00.000Z"
ADA = a_profile(email="old@example.com")
ADA_NOW = replace(ADA, revision=2, email="new@example.com")


@dataclass
class People:
    """The profiles of a world, and the function that reconciles them."""

    world: World
    lines: list[Mapping[str, Any]] = field(default_factory=list)

    def keep(self, profile: Profile) -> None:
        """Store a profile, of which no stream tells."""
        key = codec.key({"pk": keys.tenant(profile.tenant), "sk": profile.id})
        self.world.client("dynamodb").put_item(
            TableName=self.world.name, Item={**profile_item(profile), **key}
        )

    def reconcile(self) -> Reconciled:
        """What the function does in a cold process."""
        log = self.world.raw_log()
        return ReconcileProfiles(
            syncs=self.world.syncs,
            profiles=ProfileStates(table=self.world.table()),
            archived=ArchivedProfiles(
                raw_log=log, ledger=self.world.ledger(), scratch=self.world.folder
            ),
            samples=Samples(bucket=log.bucket),
            archive=ArchiveProfiles(raw_log=log, clock=self.world.clock),
            clock=self.world.clock,
            journal=self.lines.append,
        )()

    def on_the_day_after_their_sample(self) -> Reconciled:
        """Let a day pass, and reconcile."""
        assert self.reconcile() == Reconciled(compared=0, lost=0, added=0)
        self.world.pass_time(days=1)
        return self.reconcile()

    def load(self) -> None:
        """What the sync does."""
        self.world.planner().sync_one("acme", "syn_1")

    def addresses(self) -> list[tuple[str | None, bool]]:
        """What the warehouse says of people."""
        rows = self.world.query("SELECT email, deleted FROM penstock_acme.profiles ORDER BY 1")
        return [(row["email"], row["deleted"]) for row in rows]


@pytest.fixture
def people(world: World) -> People:
    """A sync of long ago, Ada in the warehouse, and a day on which she is in the sample."""
    part = next(
        day
        for day in (world.clock().date() + timedelta(days=n) for n in range(reconciliation.PARTS))
        if reconciliation.part_of(day).first <= ADA.id <= reconciliation.part_of(day).last
    )
    world.clock_at = datetime(part.year, part.month, part.day, 3, tzinfo=UTC)
    people = People(world)
    world.syncs.add(a_sync(created_at=LONG_AGO))
    people.keep(ADA)
    world.archive_profiles(ADA)
    people.load()
    return people


def test_a_change_that_was_lost_gets_to_the_warehouse_and_is_told_of(people: People) -> None:
    """The stream has forgotten it, and no later change may ever come."""
    people.keep(ADA_NOW)

    assert people.on_the_day_after_their_sample() == Reconciled(compared=1, lost=1, added=0)
    people.load()

    assert people.addresses() == [("new@example.com", False)]
    assert [{"message": "profiles.reconciled", "tenant": "acme", **_counts(1, 1, 0)}] == (
        people.lines
    )


def test_what_is_archived_again_is_not_lost_any_more(people: People) -> None:
    """Neither before the sync has loaded it nor after; the function may be called again."""
    people.keep(ADA_NOW)
    people.on_the_day_after_their_sample()

    assert people.reconcile().lost == 0
    people.load()
    assert people.reconcile().lost == 0


def test_a_change_on_its_way_is_not_taken_for_lost(people: People) -> None:
    """It was archived after the sample, or is not loaded yet, as where a sync is paused."""
    people.keep(ADA_NOW)
    people.reconcile()
    people.world.archive_profiles(ADA_NOW)
    people.world.pass_time(days=1)

    assert people.reconcile() == Reconciled(compared=1, lost=0, added=0)


def test_a_change_after_the_sample_is_left_to_the_stream(people: People) -> None:
    """A day must lie between what is told and what is missed."""
    people.reconcile()
    people.world.pass_time(days=1)
    people.keep(ADA_NOW)

    assert people.reconcile() == Reconciled(compared=1, lost=0, added=0)


@pytest.mark.parametrize(
    "gone",
    [
        profiles.redirect(ADA, into="prf_1"),
        profiles.tombstone(ADA, now=LONG_AGO),
        replace(ADA, deleted=True),
    ],
    ids=["merged", "erased", "deleted"],
)
def test_of_one_who_is_gone_only_that_is_archived_again(people: People, gone: Profile) -> None:
    """A lost deletion is the worst loss: the warehouse would keep the person for ever."""
    people.keep(replace(gone, revision=2))

    assert people.on_the_day_after_their_sample().lost == 1
    people.load()

    assert people.addresses() == [(None, True)]


def test_a_new_sync_gets_those_who_have_not_changed_for_long(people: People) -> None:
    """The raw log keeps no snapshot of them any more; this is no loss."""
    people.world.syncs.held.clear()
    people.world.syncs.add(a_sync(created_at=people.world.clock().isoformat()))
    bob = replace(ADA, id=f"{ADA.id[:-1]}2", email="bob@example.com")
    people.keep(bob)

    assert people.on_the_day_after_their_sample() == Reconciled(compared=2, lost=0, added=1)
    people.load()

    assert ("bob@example.com", False) in people.addresses()


def test_a_tenant_without_a_sync_of_profiles_is_left_alone(people: People) -> None:
    """Nobody misses anything there."""
    people.world.syncs.held.clear()
    people.world.syncs.add(a_sync(selection=Selection(tables=("events",))))
    people.keep(ADA_NOW)

    assert people.on_the_day_after_their_sample() == Reconciled(compared=0, lost=0, added=0)
    assert people.world.keys("samples/") == []


def test_trouble_with_one_tenant_keeps_no_other_from_its_turn(people: People) -> None:
    """And the invocation fails, so that somebody hears of it."""
    people.world.syncs.add(a_sync(tenant="a-neighbour", created_at=LONG_AGO))
    people.world.syncs.add(a_sync(tenant="neighbour", created_at=LONG_AGO))
    people.keep(ADA_NOW)
    people.reconcile()
    day = people.world.clock().date().isoformat()
    for tenant in ("a-neighbour", "neighbour"):
        key = f"samples/v1/{tenant}/{day}.json.gz"
        people.world.s3.put_object(Bucket=people.world.name, Key=key, Body=b"spoilt")
    people.world.pass_time(days=1)

    with pytest.raises(PenstockError, match="sample"):
        people.reconcile()

    people.load()
    assert people.addresses() == [("new@example.com", False)]


def _counts(compared: int, lost: int, added: int) -> dict[str, int]:
    return {"compared": compared, "lost": lost, "added": added}
