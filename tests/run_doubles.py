"""Stand-ins in memory for the stores of runs, events, functions and replays."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from runtime.core.deliveries.delivery import Delivery
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.run import Commit, Run
from runtime.core.functions.selection import RunSelection
from runtime.core.ids import Key
from runtime.core.page import Page
from runtime.core.profiles.change import Change
from runtime.core.profiles.identity import Draft
from runtime.core.profiles.names import Named, NameRules
from runtime.core.replays.replay import Replay, ReplayState, Subject
from runtime.errors import NotFound
from tests.builders import a_version

if TYPE_CHECKING:
    from runtime.core.profiles.profile import Profile


def rerun_nothing(_deliveries: Sequence[Delivery], *, replay_id: str) -> frozenset[str]:
    """Run no function again: there is none."""
    assert replay_id
    return frozenset()


def retry_nothing(_tenant: str, _run_id: str, *, force: bool) -> NoReturn:
    """Run no function again: there is no run on record."""
    assert not force
    raise NotFound("no such run", code="run_not_found")


class MemoryEvents:
    """Events in a dictionary; those that are taken out have expired."""

    def __init__(self, *events: Event) -> None:
        self.by_key: dict[Key, Event] = {}
        self.put(events)

    def put(self, events: Iterable[Event]) -> None:
        """Keep them all."""
        self.by_key |= {Key(event.tenant, event.id): event for event in events}

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event, if it is kept."""
        return self.by_key.get(Key(tenant, event_id))

    def find_many(self, keys: Iterable[Key]) -> dict[Key, Event]:
        """Those of them that are kept."""
        return {key: self.by_key[key] for key in keys if key in self.by_key}


class MemoryFunctions:
    """One function, whose every version exists but for those that are deleted."""

    def __init__(self, function: Function) -> None:
        self.function: Function | None = function
        self.deleted: set[int] = set()

    def find(self, tenant: str, name: str) -> Function | None:
        """The function, or None."""
        known = self.function
        return known if known is not None and (known.tenant, known.name) == (tenant, name) else None

    def get(self, tenant: str, name: str) -> Function:
        """The function."""
        known = self.find(tenant, name)
        if known is None:
            raise NotFound("no such function", code="function_not_found")
        return known

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version."""
        if version > self.get(tenant, name).latest_version:
            raise NotFound("no such version", code="version_not_found")
        gone = "2026-11-21T00:00:00.000Z" if version in self.deleted else None
        return a_version(function=name, version=version, deleted_at=gone)


class MemoryRuns:
    """Runs and profiles in dictionaries, with the conditions of the real store."""

    def __init__(self) -> None:
        self.by_id: dict[str, Run] = {}
        self.profiles: dict[Key, Profile] = {}

    def find(self, run_id: str) -> Run | None:
        """One run, or None."""
        return self.by_id.get(run_id)

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """Those that have a record, by id."""
        return {each: self.by_id[each] for each in run_ids if each in self.by_id}

    def open(self, run: Run, /) -> Run:
        """The run: all of it is always at hand."""
        return run

    def commit(self, run: Run, change: Change | None = None) -> Commit:
        """Store a run and what it changed unless the attempt was stored before."""
        before = self.by_id.get(run.id)
        if before is not None and before.attempt >= run.attempt:
            return Commit.STALE
        for read_revision, profile in () if change is None else change.profiles:
            key = Key(profile.tenant, profile.id)
            known = self.profiles.get(key)
            if (known.revision if known is not None else 0) != read_revision:
                return Commit.PROFILE_CHANGED
            self.profiles[key] = profile
        self.by_id[run.id] = run
        return Commit.DONE

    def begin_again(self, old: Run, new: Run, /) -> bool:
        """Store a run whose next attempt is due unless somebody else was first."""
        now = self.by_id[old.id]
        if now.due_at_ms is not None or now.attempt != old.attempt:
            return False
        self.by_id[new.id] = new
        return True

    def due(self, *, shard: str, now_ms: int, limit: int) -> list[Run]:
        """Those due, the longest waiting first; everything lies in shard 0."""
        due = [r for r in self.by_id.values() if r.due_at_ms is not None and r.due_at_ms <= now_ms]
        return sorted(due, key=lambda r: r.due_at_ms or 0)[:limit] if shard == "0" else []

    def lease(self, run: Run, /, *, until_ms: int) -> bool:
        """Push a due time, unless somebody else has."""
        now = self.by_id[run.id]
        if now.due_at_ms is None or now.due_at_ms != run.due_at_ms:
            return False
        self.by_id[run.id] = replace(now, due_at_ms=until_ms)
        return True

    def list(
        self,
        tenant: str,
        selection: RunSelection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Run]:
        """A page of them, the oldest first."""
        assert oldest_first
        each = sorted(
            (f"{run.created_at}#{run.id}", run)
            for run in self.by_id.values()
            if run.tenant == tenant and selection.takes(run)
        )
        page = [(place, run) for place, run in each if place > (after or "")]
        return Page(
            items=tuple(run for _, run in page[:limit]),
            after=page[limit - 1][0] if len(page) > limit else None,
        )


class MemoryPeople:
    """The people whose profiles `MemoryRuns` keeps."""

    def __init__(self, runs: MemoryRuns) -> None:
        self._runs = runs

    def rules(self, _tenant: str) -> NameRules:
        """Those of a tenant that has set none."""
        return NameRules()

    def draft(
        self, tenant: str, _events: Sequence[tuple[Event, Named]], *, again: bool = False
    ) -> Draft:
        """A draft of everybody in the tenant, read anew each time, with or without `again`."""
        del again
        people = {key.id: each for key, each in self._runs.profiles.items() if key.tenant == tenant}
        return Draft(
            tenant=tenant,
            rules=NameRules(),
            derive=lambda _profile: {},
            read=people,
            holders={name: each for each in people.values() for name in each.held_names},
        )


class MemoryReplays:
    """Replays in a dictionary, with the conditions of the real store."""

    def __init__(self) -> None:
        self.by_id: dict[str, Replay] = {}

    def add(self, replay: Replay) -> None:
        """Store a new one."""
        self.by_id.setdefault(replay.id, replay)

    def get(self, tenant: str, subject: Subject, replay_id: str) -> Replay:
        """One replay."""
        known = self.by_id.get(replay_id)
        if known is None or (known.tenant, known.subject) != (tenant, subject):
            raise NotFound("no such replay", code="replay_not_found")
        return known

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` unless somebody else was first."""
        if self.by_id[old.id].revision != old.revision:
            return None
        stored = replace(new, revision=old.revision + 1)
        self.by_id[old.id] = stored
        return stored

    def due(self, *, now_ms: int, limit: int) -> list[Replay]:
        """Those that run and that nobody works on."""
        running = (job for job in self.by_id.values() if job.state is ReplayState.RUNNING)
        return [job for job in running if (job.due_at_ms or 0) <= now_ms][:limit]
