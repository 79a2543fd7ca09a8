"""Planning a load: which raw batches go in, under which id, and what state comes next.

A load is one transaction of one sync. Its id is a hash of what goes in, so planning the same
inputs again gives the same id, the same object keys and the same bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.warehouse.sync import Sync
from runtime.errors import BadInput

TRANSFORM_VERSION: Final = 2  # raise it when the same raw rows would give other Parquet rows
LAKE_VERSION: Final = 1  # of the names in the lake: `lake/v1/…`
MAX_ROWS: Final = 2_000_000  # of the tenant: 128 MB of Parquet, one file to a warehouse
MAX_INPUT_BYTES: Final = 256 * 1024 * 1024  # gzipped, as they must fit the function's scratch
MAX_BATCHES: Final = 1_000

T = TypeVar("T")


class LoadState(StrEnum):
    """How far a load has come; each state names the last step that is done for certain."""

    PLANNED = "planned"
    STAGED = "staged"
    SUBMITTED = "submitted"
    COMMITTED = "committed"
    LOADED = "loaded"
    FAILED = "failed"
    UP_TO_DATE = "up_to_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """What a load did to one table."""

    rows_in: int
    rows_new: int  # rows whose key the table did not have before


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load, as it stands in the ledger."""

    tenant: str
    sync_id: str
    load_id: str  # see `load_id` below
    trigger: str  # what asked for it: `schedule` or `api`
    first_seq: int  # the raw batches from here …
    last_seq: int  # … to here, both included
    state: LoadState
    versions: str  # `versions` of the destination, when the load was planned
    started_at: str
    attempt: int = 1  # grows when a try has failed for certain
    statement_id: str | None = None  # what the warehouse calls its transaction; None: not submitted
    tables: Mapping[str, TableCount] = field(default_factory=dict)  # by name; empty: not committed
    discarded: int = 0  # rows that the warehouse could not hold whole
    finished_at: str | None = None
    error: str | None = None  # why the last step failed; None: it did not
    error_code: str | None = None

    @property
    def rows_in(self) -> int:
        """Rows that went in, after the duplicates inside the load were dropped."""
        return sum(count.rows_in for count in self.tables.values())

    @property
    def rows_new(self) -> int:
        """Rows whose key the warehouse did not have before."""
        return sum(count.rows_new for count in self.tables.values())

    @property
    def token(self) -> str:
        """The client token of this attempt: submitted twice, it runs once."""
        return f"{self.load_id}-{self.attempt}"

    def with_error(self, error: str, *, code: str, at: str) -> "Load":
        """The load after a step that failed."""
        return replace(self, error=error, error_code=code, finished_at=at)

    def with_state(
        self, state: LoadState, *, at: str, tables: Mapping[str, TableCount] | None = None
    ) -> "Load":
        """The load, ended in this state without an error."""
        counts = self.tables if tables is None else tables
        return replace(
            self, state=state, tables=counts, finished_at=at, error=None, error_code=None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a submitted load has ended: committed, with its counts, or failed for certain."""

    tables: Mapping[str, TableCount] = field(default_factory=dict)  # by name; empty: it has failed
    error: str = ""  # the warehouse's own words, when it has failed
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to plan one sync."""

    tenant: str
    sync_id: str
    fence: int  # a planner with a higher one ends this one's writes
    seq: int  # the last raw batch that is loaded
    load: Load | None  # the one that a planner before has left open


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The batches of the next load, and the arrival number up to which they were looked for."""

    batches: tuple[RawBatch, ...]
    last_seq: int

    @property
    def first_seq(self) -> int:
        """The first batch that goes in."""
        return self.batches[0].seq if self.batches else self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A Parquet file of a load, on local disk."""

    kind: Kind
    path: str
    size_bytes: int
    rows: int
    day: str | None = None  # of arrival, for a file of the lake; None: a staged file


class StagedFile(NamedTuple):
    """A Parquet file where the warehouse reads it."""

    uri: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """What a warehouse asks of the files that it is to read."""

    codec: str  # of Parquet
    max_properties_bytes: int  # a longer text is staged as NULL, and stands whole in the discards
    manifest: Callable[[Sequence[StagedFile]], str]  # the text of the file that names the others


class Arrivals(NamedTuple):
    """When the first and the last row of a table arrived."""

    earliest: str
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What the raw rows of a load became, on local disk."""

    stage: tuple[DataFile, ...]  # one for each table with rows; none without a warehouse
    lake: tuple[DataFile, ...]  # one for each table and day of arrival
    received: Mapping[Kind, Arrivals]
    discards: str | None = None  # path of the rows that the warehouse cannot hold whole, and why
    discarded: int = 0  # how many those are

    def rows(self, kind: Kind) -> int:
        """Rows of one table."""
        return sum(file.rows for file in self.lake if file.kind is kind)


def choose(batches: Iterable[RawBatch], *, tenant: str, after: int, kept_since: str = "") -> Choice:
    """The next batches in order of arrival that hold rows of the tenant, within a load's limits.

    A new sync (`after` 0) begins with what arrived at `kept_since` or later: older objects have
    expired. A sync that has loaded before skips nothing, and fails when something is gone.

    Raises:
        BadInput: a number is missing after `after`: loading on would lose rows unseen.
    """
    batches_in: list[RawBatch] = []
    rows = size_bytes = 0
    seq = after
    for batch in batches:
        if batch.seq != seq + 1:
            raise BadInput(f"raw batch {seq + 1} is missing from the ledger", code="raw_gap")
        expired = after == 0 and batch.appended_at < kept_since
        rows_here = 0 if expired else batch.counts.get(tenant, 0)
        full = rows + rows_here > MAX_ROWS or size_bytes + batch.size_bytes > MAX_INPUT_BYTES
        if rows_here and batches_in and (full or len(batches_in) == MAX_BATCHES):
            break
        if rows_here:
            batches_in.append(batch)
            rows += rows_here
            size_bytes += batch.size_bytes
        seq = batch.seq
    return Choice(batches=tuple(batches_in), last_seq=seq)


def load_id(sync: Sync, batches: Sequence[RawBatch], *, versions: str) -> str:
    """The id of the load of these batches into this sync: the same inputs, the same id."""
    inputs = sorted(f"{batch.key}@{batch.digest}" for batch in batches)
    parts = [sync.tenant, sync.id, sync.kind.value, *inputs, versions]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def stage_key(load: Load, kind: Kind) -> str:
    """The Parquet file that the warehouse reads."""
    return f"stage/v1/{load.load_id}/{kind}-0.parquet"


def manifest_key(load: Load, kind: Kind) -> str:
    """The manifest that the warehouse reads."""
    return f"manifest/v1/{load.load_id}/{kind}.json"


def lake_key(load: Load, file: DataFile) -> str:
    """The lake's file: by tenant, sync and day of arrival."""
    folder = f"lake/v{LAKE_VERSION}/{load.tenant}/{load.sync_id}/{file.kind}/dt={file.day}"
    return f"{folder}/{load.load_id}.parquet"


def discard_key(load: Load) -> str:
    """The rows that the warehouse could not hold whole."""
    return f"discard/v1/{load.tenant}/{load.load_id}.jsonl.gz"


def in_turn(syncs: Sequence[T], *, hour: int) -> tuple[T, ...]:
    """The syncs, each hour beginning one further: when time is short, nobody is always last."""
    start = hour % len(syncs) if syncs else 0
    return (*syncs[start:], *syncs[:start])
