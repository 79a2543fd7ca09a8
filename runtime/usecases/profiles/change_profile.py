"""Change one profile as a caller asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.core.preconditions import IfMatch
from runtime.core.profiles import edit as edits
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.errors import NotFound, Transient
from runtime.races import Races
from runtime.usecases.profiles.ports import People, store


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProfile:
    """Changes profiles, one at a time."""

    people: People
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self,
        tenant: str,
        profile_id: str,
        changes: Mapping[str, Any],
        *,
        cause: str,
        if_match: IfMatch,
    ) -> Profile:
        """Change a profile; returns it as it stands then.

        Args:
            tenant: the caller's.
            profile_id: its id, or one that was merged into it.
            changes: the fields of an `Edit` that the caller gives.
            cause: what changes it, such as `key:…`; it becomes part of the stamps.
            if_match: which states of the profile the change is meant for.

        Raises:
            NotFound: code `profile_not_found`.
            BadInput: code `bad_change`, `not_a_list`, `not_a_number`, `sum_too_large`,
                `unusable_name`, `too_many_values`, `name_erased` or `profile_too_large`.
            Conflict: code `name_taken`.
            PreconditionFailed: the profile has another ETag.
            Transient: code `profile_busy`: it keeps changing.
        """
        edit = edits.parse(changes, now=timestamp(self.clock()))
        rules = self.people.rules(tenant)
        added = edits.names_of(edit.add_names, rules, at="add_names")
        for lost in self.races:
            holders = self.people.by_names(tenant, added, again=bool(lost))
            draft = self.people.draft_of(tenant, ids=[profile_id], holders=holders)
            before = draft.profile(profile_id)
            if before.is_gone:
                raise NotFound("no such profile", code="profile_not_found")
            if_match.check(before.etag)
            amendment = edits.amendment(edit, before, rules)
            draft.amend(before.id, amendment, now=timestamp(self.clock()), cause=cause)
            if store(self.people, draft):
                return draft.profile(profile_id)
        raise Transient("the profile keeps changing", code="profile_busy")
