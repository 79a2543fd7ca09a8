"""Make or change many profiles, each by its own names, and say of each what came of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.profiles import edit as edits
from runtime.core.profiles import names
from runtime.core.profiles.edit import Edit
from runtime.core.profiles.identity import Draft, Refusal
from runtime.core.profiles.names import Named
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput, Conflict, NotFound, Permanent, Transient
from runtime.races import Races
from runtime.usecases.profiles.ports import People, store

MAX_RECORDS: Final = 1000  # of one call, which has 30 seconds
CHUNK: Final = 100  # records that are read together


class UpsertOutcome(StrEnum):
    """What came of one record."""

    CREATED = "created"
    UPDATED = "updated"
    FAILED = "failed"  # nothing of it was stored; `error` says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """What came of one record."""

    outcome: UpsertOutcome
    id: str | None = None  # of the profile; None if it failed
    error: Permanent | None = None  # None unless it failed
    # Names that the profile did not get, since a rule of identity forbids it.
    refusals: tuple[Refusal, ...] = ()
    unusable: tuple[names.Unusable, ...] = ()  # texts that are no names


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    event: Event  # names the person, as any event does
    named: Named
    edit: Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertProfiles:
    """Makes and changes profiles by the names of their people."""

    people: People
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, records: Sequence[Mapping[str, Any]], *, cause: str
    ) -> list[Upserted]:
        """Make or change the profile of each record, in their order; returns what came of each.

        The names of a record join as those of an event do: two profiles that they lead to are
        merged, and a name that breaks a rule is refused while the rest is stored.

        Args:
            tenant: the caller's.
            records: each with `profile`, as in an event, and the fields of an `Edit` but
                `add_names`.
            cause: what changes them, such as `key:…`.

        Raises:
            Transient: some of the records may be stored; to send them again does no harm, but for
                `increment`.
        """
        results: list[Upserted] = []
        for start in range(0, len(records), CHUNK):
            results += self._chunk(tenant, records[start : start + CHUNK], cause)
        return results

    def _chunk(
        self, tenant: str, raws: Sequence[Mapping[str, Any]], cause: str
    ) -> Iterator[Upserted]:
        records = [self._read(tenant, raw, cause) for raw in raws]
        draft = self.people.draft(
            tenant, [(each.event, each.named) for each in records if isinstance(each, _Record)]
        )
        for record in records:
            if isinstance(record, Permanent):
                yield _failed(record)
                continue
            draft = draft.alone()  # without what a failed record has left
            yield self._upserted(record, draft, cause)

    def _read(self, tenant: str, raw: Mapping[str, Any], cause: str) -> _Record | Permanent:
        now = timestamp(self.clock())
        try:
            event = envelope.parse(
                {
                    "id": f"~{self.new_id('evt')}|{cause}",  # so its stamps name the cause
                    "tenant": tenant,
                    "topic": "profile.updated",
                    "profile": raw.get("profile"),
                },
                now=now,
                origin="api",
            )
            edit = edits.parse(_without_profile(raw), now=now)
        except BadInput as problem:
            return problem
        named = names.of(event.profile, self.people.rules(tenant))
        return _Record(event=event, named=named, edit=edit)

    def _upserted(self, record: _Record, draft: Draft, cause: str) -> Upserted:
        for lost in self.races:
            if lost:
                told = [(record.event, record.named)]
                draft = self.people.draft(record.event.tenant, told, again=True)
            try:
                result = self._drafted(record, draft, cause)
            except (BadInput, Conflict, NotFound) as problem:
                return _failed(problem, record.named)
            if result is not None and store(self.people, draft):
                return result
        raise Transient("a profile keeps changing", code="profile_busy")

    def _drafted(self, record: _Record, draft: Draft, cause: str) -> Upserted | None:
        """Draft a record; None when another writer came before a part of it."""
        event, named = record.event, record.named
        known = draft.subject(event, named).profile
        if known is None and event.profile.id is not None:
            raise NotFound("no such profile", code="profile_not_found")
        refusals: tuple[Refusal, ...] = ()
        profile_id: str | None = None
        for outcome in draft.project(event, named):
            if outcome is None:
                if not draft.has_room() and not store(self.people, draft):
                    return None
                continue
            if outcome.erased:
                raise Conflict("the person was erased", code="profile_erased")
            profile_id, refusals = outcome.profile_id, outcome.refusals
        if profile_id is None:
            raise BadInput(
                "has no name that can name a person", field="profile", code="no_usable_name"
            )
        amendment = edits.amendment(record.edit, draft.profile(profile_id), draft.rules)
        draft.amend(profile_id, amendment, now=event.received_at, cause=cause)
        return Upserted(
            outcome=UpsertOutcome.CREATED if known is None else UpsertOutcome.UPDATED,
            id=profile_id,
            refusals=refusals,
            unusable=named.unusable,
        )


def _without_profile(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    if "add_names" in raw:
        raise BadInput("say the names in `profile`", field="add_names", code="bad_change")
    return {name: value for name, value in raw.items() if name != "profile"}


def _failed(error: Permanent, named: Named | None = None) -> Upserted:
    unusable = () if named is None else named.unusable
    return Upserted(outcome=UpsertOutcome.FAILED, error=error, unusable=unusable)
