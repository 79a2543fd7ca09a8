"""Plans a load: which raw batches it takes, its id, and its state.

A load is one transaction of one sync. Its id is a hash of its inputs, so planning the same inputs
again gives the same id, the same object keys and the same bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from runtime.core.archive.raw_log import RawBatch
from runtime.core.warehouse.gap import Gap, Skipped
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.sync import Sync
from runtime.core.warehouse.tables import CHILDREN
from runtime.errors import BadInput

TRANSFORM_VERSION: Final = 3  # raise it when the same raw rows would become other Parquet rows
LAKE_VERSION: Final = 1  # raise it when the lake's object keys change
LAKE_ROOT: Final = f"lake/v{LAKE_VERSION}/"
MAX_ROWS: Final = 2_000_000  # of the tenant in one load: 128 MB of Parquet, one file for each table
MAX_INPUT_BYTES: Final = (
    256 * 1024 * 1024
)  # gzipped; the batches must fit the function's scratch disk
MAX_BATCHES: Final = 1_000
REFRESH: Final = "refresh"  # as `trigger` of a load: rows of the lake, which no raw batch counts
STATEMENTS: Final = "load/"  # begins the names of the statements that commit loads
# Refused rows of one load that are named in its record, which has at most 400 KB; a load with more
# of them fails, because something is wrong with all of its rows.
MAX_REFUSED: Final = 200


class LoadState(StrEnum):
    """How far a load has come. A state names the last step that is certainly done."""

    PLANNED = "planned"
    STAGED = "staged"
    SUBMITTED = "submitted"
    COMMITTED = "committed"
    LOADED = "loaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """What a load did to one table."""

    rows_in: int
    rows_new: int  # rows whose key the table did not have before


class Refused(NamedTuple):
    """A row that the warehouse does not take."""

    table: str
    key: tuple[str, ...]  # the values of the table's key columns
    reason: str  # in the warehouse's own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load, as it stands in the ledger."""

    tenant: str
    sync_id: str
    load_id: str  # see `load_id` below
    trigger: str  # who asked for it: `schedule`, `api`, `backfill` or `refresh`
    # The raw batches from here to `last_seq`, both included; of a refresh, the days of the lake,
    # each by the number that `date.toordinal` gives it.
    first_seq: int
    last_seq: int
    state: LoadState
    versions: str  # the destination's `versions` when the load was planned
    started_at: str  # ISO 8601
    selection: Selection = field(default_factory=Selection)  # the sync's, when it was planned
    # The rows that are left out of the staged files because the warehouse refused them.
    refused: tuple[Refused, ...] = ()
    attempt: int = 1  # grows by one after each try that certainly failed
    # The warehouse's own id of the transaction; None until it is submitted.
    statement_id: str | None = None
    # Table name → what the load did to it; empty until the load is committed.
    tables: Mapping[str, TableCount] = field(default_factory=dict)
    discarded: int = 0  # rows that the warehouse cannot hold whole, or refused
    finished_at: str | None = None  # ISO 8601; None while the load goes on without an error
    error: str | None = None  # why the last step failed, for people; None if it did not fail
    error_code: str | None = None  # the error's code; None without an error
    # ISO 8601: all of the tenant's rows that had arrived by then are loaded once this load is. None
    # for a load that says nothing about that.
    arrived_until: str | None = None

    @property
    def rows_in(self) -> int:
        """How many raw rows went in, not counting duplicates inside the load."""
        return sum(count.rows_in for count in self._whole())

    @property
    def rows_new(self) -> int:
        """How many rows had a key that the warehouse did not have before."""
        return sum(count.rows_new for count in self._whole())

    def _whole(self) -> Iterator[TableCount]:
        """The counts of the tables whose rows are none of another table's."""
        return (count for name, count in self.tables.items() if name not in CHILDREN)

    @property
    def is_of_batches(self) -> bool:
        """Whether its rows came from raw batches, and not from the lake."""
        return self.trigger != REFRESH

    @property
    def name(self) -> str:
        """The name of this load's statement, by which the event of its end is known to be ours."""
        return f"{STATEMENTS}{self.tenant}/{self.sync_id}/{self.load_id}"

    @property
    def token(self) -> str:
        """The client token of this attempt. The warehouse runs a token once, even if sent twice."""
        return f"{self.load_id}-{self.attempt}"

    def refused_of(self, table: str) -> Sequence[Refused]:
        """The rows of one table that the warehouse refused."""
        return [each for each in self.refused if each.table == table]

    def without(self, refused: Sequence[Refused]) -> "Load":
        """The load as it is to be made again, with files that leave these rows out."""
        return replace(
            self,
            state=LoadState.PLANNED,
            refused=(*self.refused, *refused),
            attempt=self.attempt + 1,
            statement_id=None,
        )

    def with_error(self, error: str, *, code: str, at: str) -> "Load":
        """The load after a step that failed."""
        return replace(self, error=error, error_code=code, finished_at=at)

    def with_state(
        self, state: LoadState, *, at: str, tables: Mapping[str, TableCount] | None = None
    ) -> "Load":
        """The load after it ended in this state without an error."""
        counts = self.tables if tables is None else tables
        return replace(
            self, state=state, tables=counts, finished_at=at, error=None, error_code=None
        )


class StatementState(StrEnum):
    """What is known of a submitted statement."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"  # the warehouse has forgotten the statement


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOutcome:
    """How a submitted statement stands."""

    state: StatementState
    error: str = ""  # the warehouse's own words; empty unless it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a submitted load ended: it was committed, or it certainly failed."""

    # Table name → what the load did to it; empty if the load failed.
    tables: Mapping[str, TableCount] = field(default_factory=dict)
    error: str = ""  # the warehouse's own words; empty if the load was committed
    code: str = ""  # the error's code; empty likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to plan one sync."""

    tenant: str
    sync_id: str
    fence: int  # once a planner has a higher number, this one can write no more
    # Arrival number of the last raw batch that is loaded, or that the sync begins behind. None
    # until the first planner has chosen where to begin.
    seq: int | None
    load: Load | None  # the load that an earlier planner left open; None if there is none
    # The job whose cursor it is, which loads rows again; empty for that of what is new.
    job_id: str = ""
    skipped: tuple[Skipped, ...] = ()  # the gaps that the sync has gone on behind, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The raw batches that the next load takes."""

    batches: tuple[RawBatch, ...]  # in order of arrival; empty when there is nothing to load
    last_seq: int  # every batch up to this arrival number was considered
    # ISO 8601: when the last batch that was considered arrived. None when every batch was.
    stopped_at: str | None = None

    @property
    def first_seq(self) -> int:
        """The arrival number of the first batch; `last_seq` when there is none."""
        return self.batches[0].seq if self.batches else self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A Parquet file of a load, on local disk."""

    table: str
    path: str
    size_bytes: int
    rows: int
    day: str | None = None  # when the rows arrived (lake only), YYYY-MM-DD; None if staged


class StagedFile(NamedTuple):
    """A Parquet file in the place where the warehouse reads it."""

    uri: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """What a warehouse requires of the files that it reads."""

    codec: str  # Parquet's name of the compression
    # A longer text is staged as NULL; the discards have the whole text.
    max_properties_bytes: int
    manifest: Callable[[Sequence[StagedFile]], str]  # makes the text of the file that lists them


class Arrivals(NamedTuple):
    """When the first and the last row of a table arrived."""

    earliest: str  # ISO 8601
    latest: str  # ISO 8601


NEVER: Final = Arrivals("1970-01-01", "1970-01-01")  # of rows that have no time


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The files that a load's raw rows became, on local disk."""

    # One for each table, parents before their children; empty without a warehouse, and without rows
    # of the tables' kind.
    stage: tuple[DataFile, ...]
    lake: tuple[DataFile, ...]  # one for each table and day of arrival
    received: Mapping[str, Arrivals]  # table → when its rows arrived
    # Path of the file with the rows that the warehouse cannot hold whole, each with the reason;
    # None when there are none.
    discards: str | None = None
    discarded: Mapping[str, int] = field(default_factory=dict)  # table → its rows in that file

    def rows(self, table: str) -> int:
        """How many rows one table gets."""
        return sum(file.rows for file in self.lake if file.table == table)


def choose(
    batches: Iterable[RawBatch], *, tenant: str, after: int, skipped: Sequence[Gap] = ()
) -> Choice:
    """Choose the next batches with rows of the tenant, in order of arrival, within a load's limits.

    Args:
        batches: all that arrived after the number `after`.
        tenant: whose rows the load takes.
        after: the arrival number behind which the load begins.
        skipped: gaps; their batches are taken for empty.

    Raises:
        BadInput: code `raw_gap`: a batch is missing after `after`, so its rows would be lost.
    """
    batches_in: list[RawBatch] = []
    rows = size_bytes = 0
    seq, stopped_at = after, None
    arrived_at: str | None = None
    for batch in batches:
        if batch.seq != seq + 1:
            raise BadInput(f"raw batch {seq + 1} is missing from the ledger", code="raw_gap")
        is_skipped = any(gap.covers(batch.seq) for gap in skipped)
        rows_here = 0 if is_skipped else batch.counts.get(tenant, 0)
        full = rows + rows_here > MAX_ROWS or size_bytes + batch.size_bytes > MAX_INPUT_BYTES
        if rows_here and batches_in and (full or len(batches_in) == MAX_BATCHES):
            stopped_at = arrived_at
            break
        if rows_here:
            batches_in.append(batch)
            rows += rows_here
            size_bytes += batch.size_bytes
        seq, arrived_at = batch.seq, batch.appended_at
    return Choice(batches=tuple(batches_in), last_seq=seq, stopped_at=stopped_at)


def versions(destination: str, selection: Selection) -> str:
    """What decides which rows raw rows become: our code's versions, and the sync's selection."""
    return f"{destination}.{selection.digest}" if selection.digest else destination


def load_id(sync: Sync, batches: Sequence[RawBatch], *, versions: str, job_id: str = "") -> str:
    """The id of the load of these batches into this sync; the same inputs give the same id.

    The job of a backfill is one of the inputs, because it loads what has been loaded before.
    """
    inputs = sorted(f"{batch.key}@{batch.digest}" for batch in batches)
    parts = [sync.tenant, sync.id, sync.kind.value, *inputs, versions]
    parts += [job_id] if job_id else []
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def stage_key(load: Load, table: str) -> str:
    """The object key of the Parquet file that the warehouse reads; another without other rows."""
    return f"{stage_folder(load)}{table}-{len(load.refused)}.parquet"


def stage_folder(load: Load) -> str:
    """What the keys of the files begin with that the warehouse reads."""
    return f"stage/v1/{load.load_id}/"


def manifest_key(load: Load, table: str) -> str:
    """The object key of the manifest that the warehouse reads."""
    suffix = f"-{len(load.refused)}" if load.refused else ""
    return f"manifest/v1/{load.load_id}/{table}{suffix}.json"


def part_keys(load: Load, table: str, rows: range) -> tuple[str, str]:
    """The object keys of some rows of a table and of their manifest.

    The warehouse is asked whether it takes them.
    """
    part = f"{load.load_id}/{table}-{len(load.refused)}-{rows.start}-{rows.stop}"
    return f"stage/v1/{part}.parquet", f"stage/v1/{part}.json"


def probe_token(load: Load, key: str) -> str:
    """The client token of the question about the rows of one manifest."""
    return hashlib.sha256(f"{load.token}|{key}".encode()).hexdigest()


def lake_key(load: Load, file: DataFile) -> str:
    """The object key of a file in the lake, by tenant, sync and day of arrival."""
    folder = lake_folder(load.tenant, load.sync_id)
    return f"{folder}{file.table}/dt={file.day}/{load.load_id}.parquet"


def merge_note_key(tenant: str, sync_id: str) -> str:
    """The object key of the note that says which file takes the place of which, while it does."""
    return f"compaction/v1/{tenant}/{sync_id}.json"


def lake_folder(tenant: str, sync_id: str | None = None) -> str:
    """What the keys of a tenant's files in the lake begin with; with a sync, those of its own."""
    folder = f"{LAKE_ROOT}{tenant}/"
    return folder if sync_id is None else f"{folder}{sync_id}/"


def people_key(lake_key_: str) -> str:
    """The object key of the index that says which people a file of the lake may hold.

    It has a root of its own, because whoever reads the lake expects Parquet alone there.
    """
    return f"people/{lake_key_.removeprefix('lake/').removesuffix('.parquet')}"


def discard_key(load: Load) -> str:
    """The object key of the rows that the warehouse cannot hold whole, or refused."""
    suffix = f"-{len(load.refused)}" if load.refused else ""
    return f"{discard_folder(load.tenant)}{load.load_id}{suffix}.jsonl.gz"


def discard_folder(tenant: str) -> str:
    """What the keys of a tenant's discards begin with."""
    return f"discard/v1/{tenant}/"
