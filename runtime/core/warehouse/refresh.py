"""A full refresh: the rows of one table of a warehouse, made anew from the sync's own lake.

It goes through the lake by day of arrival, the earliest first, and has a cursor of its own, so that
the sync goes on meanwhile. Its loads keep the latest row of each key, as all loads do, and have ids
of their own.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

from runtime.core.jobs.job import Job
from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.sync import Sync
from runtime.errors import BadInput, Conflict

TRIGGER: Final = plan.REFRESH  # of its messages and loads
# Of the files of one load, unless a single day has more: as much Parquet as a load of what is new
# becomes at most.
MAX_BYTES: Final = 128 * 1024 * 1024


class LakeFile(NamedTuple):
    """A file of the lake, as it stands now."""

    key: str
    size_bytes: int
    etag: str  # S3's name of its content, which changes when somebody is erased from it

    @property
    def table(self) -> str:
        """The name of the table whose rows it has."""
        return self.key.split("/")[-3]

    @property
    def day(self) -> int:
        """The number of the day on which its rows arrived."""
        return day_number(self.key.split("/")[-2].removeprefix("dt="))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What a job makes anew."""

    job_id: str
    table: str  # its name; the tables whose rows follow its rows come with it
    last_day: str  # YYYY-MM-DD: what arrives later is the sync's own to load

    def selection(self, selection: Selection) -> Selection:
        """The sync's selection, of this table and those that follow it alone."""
        table = tables.BY_NAME[self.table]
        taken = [each.name for each in tables.with_children(table) if selection.takes(each)]
        return replace(selection, tables=tuple(taken))

    def to_json(self) -> dict[str, Any]:
        """The refresh as it stands in a message."""
        return {"job_id": self.job_id, "table": self.table, "last_day": self.last_day}


def parse(raw: object) -> Refresh:
    """A refresh out of a message.

    Raises:
        BadInput: code `bad_message`.
    """
    match raw:
        case {"job_id": str(job_id), "table": str(table), "last_day": str(last_day)} if (
            table in tables.BY_NAME
        ):
            return Refresh(job_id=job_id, table=table, last_day=last_day)
        case _:
            raise BadInput("is no refresh", field="refresh", code="bad_message")


def params(sync_id: str, *, table: str) -> Mapping[str, Any]:
    """What the job of a refresh is told."""
    return {"sync_id": sync_id, "table": table}


def of_job(job: Job) -> Refresh:
    """The refresh that a job does, of what had arrived when it was made."""
    return Refresh(job_id=job.id, table=job.params["table"], last_day=job.created_at[:10])


def check(sync: Sync, table: str) -> None:
    """See that a table of a sync can be made anew.

    Raises:
        Conflict: code `no_tables`: the sync has no warehouse.
        BadInput: code `bad_table`: the sync has no such table, or it follows another one.
    """
    if not sync.kind.has_tables:
        raise Conflict("this sync has no warehouse, only the lake itself", code="no_tables")
    if table not in tables.BY_NAME or not sync.selection.takes(tables.BY_NAME[table]):
        theirs = [each.name for each in tables.TABLES if sync.selection.takes(each)]
        raise _bad_table(f"this sync has no table {table!r}; it has {', '.join(theirs)}")
    parent = tables.BY_NAME[table].parent
    if parent is not None:
        raise _bad_table(f"the rows of {table} follow those of {parent}: refresh {parent}")


def tables_of(sync: Sync) -> Sequence[str]:
    """The tables of a sync that are made anew one by one; together they are its whole warehouse."""
    if not sync.kind.has_tables:
        return ()
    taken = (table for table in tables.TABLES if sync.selection.takes(table))
    return [table.name for table in taken if table.parent is None]


def day_number(day: str) -> int:
    """The place of a day (YYYY-MM-DD) among all days; a cursor and a load have it for a number."""
    return date.fromisoformat(day).toordinal()


def read_of(table: str) -> Sequence[str]:
    """The tables of the lake whose files make a table and those that follow it anew.

    Messages are made of events, as they are when they arrive. The names of profiles stand nowhere
    else than in the table of their own.
    """
    rows = tables.with_children(tables.BY_NAME[table])
    return [each.name for each in rows if each is not tables.MESSAGES]


def done_of(days: Iterable[str], *, cursor: int | None) -> int:
    """How many of these days lie up to a cursor; None is before the first."""
    return 0 if cursor is None else sum(day_number(day) <= cursor for day in days)


def of_days(files: Iterable[LakeFile], *, first: int, last: int) -> Sequence[LakeFile]:
    """The files of the days from number `first` to `last`, both included, by key."""
    return sorted(file for file in files if first <= file.day <= last)


def next_files(files: Iterable[LakeFile], *, after: int, last: int) -> Sequence[LakeFile]:
    """The files of the next load: of whole days, because two rows of a key may be of one.

    Args:
        files: of the table and those that follow it.
        after: the number of the day behind which the load begins.
        last: the number of the last day of the refresh.

    Returns:
        By key; empty at the end of the refresh.
    """
    left = of_days(files, first=after + 1, last=last)
    size_bytes, until = 0, None
    for day in sorted({file.day for file in left}):
        size_bytes += sum(file.size_bytes for file in left if file.day == day)
        if until is not None and size_bytes > MAX_BYTES:
            break
        until = day
    return [] if until is None else of_days(left, first=after + 1, last=until)


def load_id(sync: Sync, files: Sequence[LakeFile], *, versions: str, job_id: str) -> str:
    """The id of the load of these files by this job; the same inputs give the same id."""
    inputs = sorted(f"{file.key}@{file.etag}" for file in files)
    parts = [sync.tenant, sync.id, sync.kind.value, TRIGGER, *inputs, versions, job_id]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def planned(
    sync: Sync,
    refresh: Refresh,
    files: Sequence[LakeFile],
    *,
    versions: str,
    now: str,
) -> Load:
    """The load of these files; its numbers are those of its days, 0 without a file."""
    return Load(
        tenant=sync.tenant,
        sync_id=sync.id,
        load_id=load_id(sync, files, versions=versions, job_id=refresh.job_id),
        trigger=TRIGGER,
        first_seq=min((file.day for file in files), default=0),
        last_seq=max((file.day for file in files), default=0),
        state=plan.LoadState.PLANNED,
        versions=versions,
        selection=refresh.selection(sync.selection),
        started_at=now,
    )


def _bad_table(rule: str) -> BadInput:
    return BadInput(rule, field="table", code="bad_table")
