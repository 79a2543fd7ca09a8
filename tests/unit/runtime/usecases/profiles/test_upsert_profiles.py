"""Many records, and other writers at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from runtime.core.profiles.change import Change
from runtime.stores.profiles.people import People
from runtime.usecases.profiles.upsert_profiles import Upserted, UpsertOutcome, UpsertProfiles
from runtime.wiring import parts
from tests.builders import TENANT
from tests.cloud import Cloud


def upsert(people: Any, *records: Any) -> Sequence[Upserted]:
    """Store records."""
    use_case = UpsertProfiles(
        people=people, new_id=parts.new_id, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)
    )
    return use_case(TENANT, records, cause="key:key_1")


def counted(number: int, **changes: Any) -> Any:
    """A record that counts a visit of one of some customers."""
    return {"profile": {"external_id": f"c-{number}"}, "increment": {"visits": 1}, **changes}


@dataclass(kw_only=True)
class Overtaken:
    """The same people, of whom another writer has changed some just before each first write."""

    people: People
    by: tuple[Any, ...]
    writes: list[Change] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """What it does not do itself."""
        return getattr(self.people, name)

    def commit(self, change: Change) -> bool:
        """Let the other writer come first, once."""
        self.writes.append(change)
        if len(self.writes) == 1:
            upsert(self.people, *self.by)
        return self.people.commit(change)


def test_every_record_counts_however_many_are_about_one_person(cloud: Cloud) -> None:
    """More than are read together: what was read of a person is old after the first record."""
    records = [counted(n % 20) for n in range(110)]

    results = upsert(cloud.people(), *records)

    created = [each.outcome for each in results].count(UpsertOutcome.CREATED)
    assert (20, 20) == (created, len({each.id for each in results}))
    visits = [
        cloud.profiles.find(TENANT, str(each.id)).properties["visits"]  # type: ignore[union-attr]
        for each in results
    ]
    assert {5, 6} == set(visits)


def test_a_record_that_is_overtaken_is_stored_on_top_of_the_other(cloud: Cloud) -> None:
    """Both are counted, and so is what comes after it."""
    late = Overtaken(people=cloud.people(), by=(counted(1),))

    results = upsert(late, counted(1), counted(1, set={"a": 1}))

    profile = cloud.profiles.find(TENANT, str(results[0].id))
    assert profile is not None
    assert {"visits": 3, "a": 1} == profile.properties
    # The other writer has made the profile, so the first record found it.
    assert [UpsertOutcome.UPDATED] * 2 == [each.outcome for each in results]
