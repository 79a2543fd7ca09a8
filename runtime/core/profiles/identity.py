"""Who an event is about: names lead to profiles, and what one event names is one person.

A draft holds what a worker has read of some people, and says what events make of them. Nothing is
written until the worker takes the draft's change and stores it in one transaction. If another
writer came first, the worker reads again and drafts again; to project an event twice is no news.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.profiles import attributes
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.change import Change, Erased, Holder, Merge, NameMove
from runtime.core.profiles.names import Name, Named, NameRules
from runtime.core.profiles.profile import MAX_PROFILE_BYTES, Profile
from runtime.errors import BadInput, Conflict

MAX_MERGED_IDS: Final = 1000  # of one profile; each is 30 bytes of its item
MAX_WRITES: Final = 99  # of one transaction; DynamoDB takes 100, and a run's record needs a place
Derive = Callable[[Profile], Mapping[str, Any]]  # the overlay of a tenant's data transforms


class Rule(StrEnum):
    """Why two profiles were not merged, or a name was not given to a profile."""

    TOO_MANY_VALUES = "too_many_values"  # of one kind of name
    KEPT_APART = "kept_apart"  # somebody has un-merged them
    TOO_MANY_MERGES = "too_many_merges"
    TOO_LARGE = "profile_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A name that an event gives, and that its profile did not get."""

    profile_id: str  # the profile that the event is about
    name: Name
    rule: Rule
    # The profile that the name leads to; None when it leads to none.
    other_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """What an event has made of a draft."""

    profile_id: str | None = None  # whom it is about; None if it names nobody, or an erased person
    refusals: tuple[Refusal, ...] = ()
    erased: Erased | None = None  # the erased person whom it names; None if it names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom an event is about, as a worker has read it."""

    profile_id: str | None  # of a profile, or of one to be made; None if the event names nobody
    profile: Profile | None  # None if nothing is known of the person
    named: Named  # the names that the event gives
    draft: "Draft"  # in which the person can be changed
    erased: Erased | None = None  # the erased person whom the event names; None if it names none


@dataclass(slots=True, kw_only=True)
class Draft:
    """Some people of one tenant: as they were read, and as events change them."""

    tenant: str
    rules: NameRules
    derive: Derive
    # The profiles that were read: by their own ids, and by those of redirects that lead to them.
    read: Mapping[str, Profile]
    # What each name leads to that was read; a name that leads nowhere is missing.
    holders: Mapping[Name, Holder]
    _now: dict[str, Profile] = field(default_factory=dict)  # the changed profiles, by id
    _moves: dict[Name, NameMove] = field(default_factory=dict)
    _merges: list[Merge] = field(default_factory=list)

    def alone(self) -> "Draft":
        """A draft of the same people in which nothing has changed yet."""
        return Draft(
            tenant=self.tenant,
            rules=self.rules,
            derive=self.derive,
            read=self.read,
            holders=self.holders,
        )

    def subject(self, event: Event, named: Named) -> Subject:
        """Whom an event is about, as drafted."""
        erased = self._erased(event, named)
        if erased is not None:
            return Subject(profile_id=None, profile=None, named=named, draft=self, erased=erased)
        profile_id = self._first(event, named)
        profile = None if profile_id is None else self._at(profile_id)
        return Subject(profile_id=profile_id, profile=profile, named=named, draft=self)

    def project(self, event: Event, named: Named) -> Iterator[Projected | None]:
        """Draft what one event says. Yields None before each merge, and last what came of it.

        At each None the draft is whole: whoever stores its change there goes on with a smaller one.

        Raises:
            BadInput: code `profile_too_large`.
        """
        subject = self.subject(event, named)
        if subject.erased is not None:
            yield Projected(erased=subject.erased)
            return
        profile_id = subject.profile_id
        if profile_id is None:
            yield Projected()
            return
        refusals: list[Refusal] = []
        joined: list[Name] = []
        for name in named.names:
            holder = self._holder(name)
            if holder is not None and holder.id != profile_id:
                yield None
                outcome = self._merged(self.profile(profile_id), holder, cause=event.id)
            else:
                outcome = profile_id if holder else self._room_for(name, profile_id, joined)
            if isinstance(outcome, Rule):
                other_id = None if holder is None else holder.id
                refusals.append(
                    Refusal(profile_id=profile_id, name=name, rule=outcome, other_id=other_id)
                )
            else:
                profile_id = outcome
                joined.append(name)
        before = self.profile(profile_id)
        self._put(before, attributes.project(before, event, named._replace(names=tuple(joined))))
        yield Projected(profile_id=profile_id, refusals=tuple(refusals))

    def amend(self, profile_id: str, amendment: Amendment, *, now: str, cause: str) -> Profile:
        """Draft a change by a run or a caller; returns the profile after it.

        Raises:
            BadInput: code `profile_too_large`, `name_erased` or `too_many_values`.
            Conflict: code `name_taken`: another profile has the name.
        """
        before = self.profile(profile_id)
        kept = set(before.held_names) - set(amendment.remove_names)
        for name in amendment.add_names:
            self._check_free(name, for_id=before.id)
            kept.add(name)
            most = self.rules.max_values_of(name.kind)
            if len([each for each in kept if each.kind == name.kind]) > most:
                raise BadInput(
                    f"a profile has at most {most} of them; remove one",
                    field=name.kind,
                    code="too_many_values",
                )
        after = attributes.amend(before, amendment, now=now, cause=cause)
        self._put(before, after)
        return after

    def merge(self, one_id: str, other_id: str, *, cause: str) -> str:
        """Draft a merge that somebody asks for; returns the id that survives.

        Raises:
            Conflict: code `merge_refused`: it breaks a rule, which the error names.
        """
        one, other = self.profile(one_id), self.profile(other_id)
        outcome = self._merged(_willing(one, other), _willing(other, one), cause=cause)
        if isinstance(outcome, Rule):
            raise Conflict(f"the merge breaks a rule: {outcome}", code="merge_refused")
        return outcome

    def profile(self, profile_id: str) -> Profile:
        """The profile as drafted, or as read; an unknown one if there is none."""
        profile = self._at(profile_id)
        return profiles.unknown(self.tenant, profile_id) if profile is None else profile

    def has_room(self) -> bool:
        """Whether the change can take one more merge, or all that one event adds without one."""
        written = len(self._now) + len(self._moves) + 2 * len(self._merges)
        left = MAX_WRITES - written - len(self.rules.kinds) - 4
        # No merge leaves a person more names than the rules allow.
        if sum(map(self.rules.max_values_of, self.rules.kinds)) <= left:
            return True
        people = (*self.read.values(), *self._now.values())
        return max((len(each.held_names) for each in people), default=0) <= left

    def change(self) -> Change | None:
        """What the draft changes, to be stored in one transaction; None if that is nothing."""
        if not self._now:
            return None
        return Change(
            tenant=self.tenant,
            profiles=tuple(
                (self._revision(key), self._ready(self._now[key])) for key in sorted(self._now)
            ),
            moves=tuple(self._moves.values()),
            merges=tuple(self._merges),
        )

    def take_in(self, change: Change) -> None:
        """Go on from a change that is stored."""
        stored = {profile.id: profile for _, profile in change.profiles}
        at = {**{profile.id: profile for profile in self.read.values()}, **stored}
        asked = {
            **{key: profile.id for key, profile in self.read.items()},
            **{k: k for k in stored},
        }
        self.read = {key: _followed(at, target) for key, target in asked.items()}
        leads = {
            name: holder.id for name, holder in self.holders.items() if isinstance(holder, Profile)
        }
        leads |= {move.name: move.to for move in change.moves if move.to is not None}
        freed = {move.name for move in change.moves if move.to is None}
        self.holders = {
            **{name: each for name, each in self.holders.items() if isinstance(each, Erased)},
            **{name: _followed(at, key) for name, key in leads.items() if name not in freed},
        }
        self._now, self._moves, self._merges = {}, {}, []

    def _erased(self, event: Event, named: Named) -> Erased | None:
        """The erased person whom the event names, by an id or a name; None if it names none."""
        own = None if event.profile.id is None else self.read.get(event.profile.id)
        if own is not None and own.erased_at is not None:
            return Erased(own.erased_at, own.id)
        holders = map(self.holders.get, named.names)
        return next((each for each in holders if isinstance(each, Erased)), None)

    def _first(self, event: Event, named: Named) -> str | None:
        """The profile that the event's id or strongest known name leads to, or a new one's id."""
        if event.profile.id is not None:
            return self.profile(event.profile.id).id
        for name in named.names:
            holder = self._holder(name)
            if holder is not None:
                return holder.id
        # If somebody else has the first id, then the second, which no other event gives, is free
        # or this event's own from before.
        candidates = new_ids(event, named)
        if not candidates:
            return None
        return next((each for each in candidates if self._at(each) is None), candidates[-1])

    def _room_for(self, name: Name, profile_id: str, joined: list[Name]) -> str | Rule:
        names = {*self.profile(profile_id).held_names, *joined, name}
        same = [each for each in names if each.kind == name.kind]
        return (
            profile_id if len(same) <= self.rules.max_values_of(name.kind) else Rule.TOO_MANY_VALUES
        )

    def _check_free(self, name: Name, *, for_id: str) -> None:
        if isinstance(self.holders.get(name), Erased):
            raise BadInput(
                "its person was erased; it is kept from becoming a name again",
                field=name.kind,
                code="name_erased",
            )
        holder = self._holder(name)
        if holder is not None and holder.id != for_id:
            raise Conflict(
                f"the {name.kind} leads to another profile; merge the two", code="name_taken"
            )

    def _merged(self, one: Profile, other: Profile, *, cause: str) -> str | Rule:
        """Draft the merge of two profiles; returns the id that survives, or the rule it breaks."""
        into, loser = sorted((one, other), key=_age)
        counts = Counter(name.kind for name in (*into.held_names, *loser.held_names))
        if any(count > self.rules.max_values_of(kind) for kind, count in counts.items()):
            return Rule.TOO_MANY_VALUES
        if not _all_ids(into).isdisjoint(loser.kept_apart) or not _all_ids(loser).isdisjoint(
            into.kept_apart
        ):
            return Rule.KEPT_APART
        merged_ids = _all_ids(into) | _all_ids(loser)
        if len(merged_ids) > MAX_MERGED_IDS:
            return Rule.TOO_MANY_MERGES
        both = replace(
            attributes.merge(into, loser),
            revision=into.revision,
            merged_ids=tuple(sorted(merged_ids - {into.id})),
        )
        if profiles.size_bytes(both) > MAX_PROFILE_BYTES:
            return Rule.TOO_LARGE
        if loser.created_at:  # something was known of it
            self._merges.append(Merge(into=into, loser=loser, cause=cause))
        self._put(loser, profiles.redirect(loser, into=into.id))
        self._put(into, both)
        return into.id

    def _put(self, before: Profile, after: Profile) -> None:
        """Draft a profile, and where its names lead."""
        if after is before:
            return
        self._now[after.id] = after
        had, has = set(before.held_names), set(after.held_names)
        for name in sorted(had ^ has):
            # A stored name leads to the profile that lists it, so no row needs to be read for this.
            stored_at = before.id if name in had else None
            was = self._moves[name].was if name in self._moves else stored_at
            self._moves[name] = NameMove(name, was, after.id if name in has else None)

    def _at(self, profile_id: str) -> Profile | None:
        """The profile that an id leads to, as drafted or read."""
        read = self.read.get(profile_id)
        key = profile_id if read is None else read.id
        profile = self._now.get(key, read)
        while profile is not None and profile.merged_into is not None:
            profile = self._now.get(profile.merged_into) or self.read.get(profile.merged_into)
        return profile

    def _holder(self, name: Name) -> Profile | None:
        move = self._moves.get(name)
        if move is not None:
            return None if move.to is None else self._at(move.to)
        holder = self.holders.get(name)
        return self._at(holder.id) if isinstance(holder, Profile) else None

    def _revision(self, profile_id: str) -> int:
        read = self.read.get(profile_id)
        return 0 if read is None else read.revision

    def _ready(self, profile: Profile) -> Profile:
        bare = profile.merged_into is not None or profile.deleted
        return profiles.stored(profile, {} if bare else self.derive(profile))


def groups(events: Sequence[tuple[Event, Named]], draft: Draft) -> list[list[int]]:
    """The numbers of the events that are about the same people, as far as a draft has read them.

    Events of two groups have neither a name nor a profile in common, so that each group can be
    stored by itself.
    """
    leader: dict[object, object] = {}

    def root(each: object) -> object:
        while leader.setdefault(each, each) != each:
            each = leader[each]
        return each

    for number, (event, named) in enumerate(events):
        for name in named.names:
            holder = draft.holders.get(name)
            person = holder.id if isinstance(holder, Profile) else name
            leader[root(person)] = root(number)
        if event.profile.id is not None:
            leader[root(draft.profile(event.profile.id).id)] = root(number)
    together: dict[object, list[int]] = {}
    for number in range(len(events)):
        together.setdefault(root(number), []).append(number)
    return list(together.values())


def new_ids(event: Event, named: Named) -> tuple[str, ...]:
    """The ids that a profile may get which an event begins, the preferred one first.

    A hash of the strongest name. Somebody else has that one if the name was taken from him; then
    the event's own id is hashed in.
    """
    if not named.names:
        return ()
    tenant, strongest = event.tenant, named.names[0]
    return (
        ids.derive("prf", tenant, *strongest),
        ids.derive("prf", tenant, *strongest, event.id),
    )


def _followed(at: Mapping[str, Profile], profile_id: str) -> Profile:
    profile = at[profile_id]
    while profile.merged_into is not None:
        profile = at[profile.merged_into]
    return profile


def _willing(profile: Profile, other: Profile) -> Profile:
    """The profile without what keeps it apart from the other."""
    apart = set(profile.kept_apart) - _all_ids(other)
    return replace(profile, kept_apart=tuple(sorted(apart)))


def _all_ids(profile: Profile) -> set[str]:
    return {profile.id, *profile.merged_ids}


def _age(profile: Profile) -> tuple[str, str]:
    # A profile of which nothing is known yet is the youngest.
    return profile.created_at or "~", profile.id
