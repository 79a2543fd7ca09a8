"""Planning a load: which raw batches go in, under which id, and what state comes next.

A load is one transaction of one sync. Its id is a hash of what goes in, so planning the same
inputs again gives the same id, the same object keys and the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.warehouse.sync import Sync
from runtime.errors import BadInput

TRANSFORM_VERSION: Final = 1  # raise it when the same raw rows would give other Parquet rows
MAX_ROWS: Final = 2_000_000  # of the tenant: 128 MB of Parquet, what COPY takes in one piece
MAX_INPUT_BYTES: Final = 256 * 1024 * 1024  # gzipped, as they must fit the function's scratch
MAX_BATCHES: Final = 1_000
MAX_PROPERTIES_BYTES: Final = 65_535  # Redshift's longest VARCHAR, and string inside a SUPER
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,126}")  # 127 bytes is Redshift's longest name
_UNSAFE: Final = "-"


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
    """What a load did to one table. `rows_new` had no row of their key before."""

    rows_in: int
    rows_new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load and its record. `attempt` grows when a try has failed for certain.

    `versions` is schema.transform as of planning; `first_seq` to `last_seq` are the raw batches.
    """

    tenant: str
    sync_id: str
    load_id: str
    trigger: str
    first_seq: int
    last_seq: int
    state: LoadState
    versions: str
    started_at: str
    attempt: int = 1
    statement_id: str | None = None
    tables: Mapping[str, TableCount] = field(default_factory=dict)
    discarded: int = 0
    finished_at: str | None = None
    error: str | None = None
    error_code: str | None = None

    @property
    def rows_in(self) -> int:
        """Rows that went in, after the duplicates inside the load were dropped."""
        return sum(count.rows_in for count in self.tables.values())

    @property
    def rows_new(self) -> int:
        """Rows whose key the warehouse had not seen."""
        return sum(count.rows_new for count in self.tables.values())

    @property
    def token(self) -> str:
        """The client token of this attempt: the same attempt, submitted twice, runs once."""
        return f"{self.load_id}-{self.attempt}"

    def with_error(self, error: str, *, code: str, at: str) -> "Load":
        """The load as a failure left it."""
        return replace(self, error=error, error_code=code, finished_at=at)

    def with_state(
        self, state: LoadState, *, at: str, tables: Mapping[str, TableCount] | None = None
    ) -> "Load":
        """The load, ended in this state without an error."""
        held = self.tables if tables is None else tables
        return replace(self, state=state, tables=held, finished_at=at, error=None, error_code=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to plan one sync. A higher `fence` ends this one's writes.

    `seq` is the last raw batch that is loaded; `load` the one that a planner left open.
    """

    tenant: str
    sync_id: str
    fence: int
    seq: int
    load: Load | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The batches of the next load, and the arrival number up to which it has looked."""

    batches: tuple[RawBatch, ...]
    last_seq: int

    @property
    def first_seq(self) -> int:
        """The first batch that goes in."""
        return self.batches[0].seq if self.batches else self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A Parquet file of a load. `day` is set for lake files: the day of arrival."""

    kind: Kind
    path: str
    size_bytes: int
    rows: int
    day: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What the raw rows of a load became, on local disk.

    `discards` is the path of the rows that the warehouse cannot hold whole, with reasons.
    `received` is the earliest and the latest arrival by table.
    """

    stage: tuple[DataFile, ...]
    lake: tuple[DataFile, ...]
    received: Mapping[Kind, tuple[str, str]]
    discards: str | None = None
    discarded: int = 0

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
    chosen: list[RawBatch] = []
    rows = size_bytes = 0
    seq = after
    for batch in batches:
        if batch.seq != seq + 1:
            raise BadInput(f"raw batch {seq + 1} is missing from the ledger", code="raw_gap")
        expired = after == 0 and batch.appended_at < kept_since
        held = 0 if expired else batch.counts.get(tenant, 0)
        full = rows + held > MAX_ROWS or size_bytes + batch.size_bytes > MAX_INPUT_BYTES
        if held and chosen and (full or len(chosen) == MAX_BATCHES):
            break
        if held:
            chosen.append(batch)
            rows += held
            size_bytes += batch.size_bytes
        seq = batch.seq
    return Choice(batches=tuple(chosen), last_seq=seq)


def load_id(sync: Sync, batches: Sequence[RawBatch], *, versions: str) -> str:
    """The id of the load of these batches into this sync: the same inputs, the same id."""
    inputs = sorted(f"{batch.key}@{batch.digest}" for batch in batches)
    parts = [sync.tenant, sync.id, sync.kind.value, *inputs, versions]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def schema_name(sync: Sync) -> str:
    """The Redshift schema of a sync: its own choice, or `penstock_` and the tenant.

    Raises:
        BadInput: not a name that needs no quoting.
    """
    name = sync.schema or f"penstock_{sync.tenant.replace(_UNSAFE, '_')}"
    if not _SCHEMA.fullmatch(name):
        raise BadInput(
            "must be lower-case letters, digits and _, at most 127",
            field="schema",
            code="bad_schema",
        )
    return name


def manifest(bucket: str, files: Sequence[tuple[str, int]]) -> str:
    """The COPY manifest of these (key, bytes): every file must be there, whole."""
    entries = [
        {
            "url": f"s3://{bucket}/{key}",
            "mandatory": True,  # Redshift's default is false: a missing file would be skipped
            "meta": {"content_length": size_bytes},
        }
        for key, size_bytes in files
    ]
    return json.dumps({"entries": entries}, separators=(",", ":"))


def stage_key(load: Load, kind: Kind) -> str:
    """The Parquet file that COPY reads."""
    return f"stage/v1/{load.load_id}/{kind}-0.parquet"


def manifest_key(load: Load, kind: Kind) -> str:
    """The manifest that COPY reads."""
    return f"manifest/v1/{load.load_id}/{kind}.json"


def lake_key(load: Load, file: DataFile) -> str:
    """The lake's file: by tenant, sync and day of arrival."""
    folder = f"lake/v1/{load.tenant}/{load.sync_id}/{file.kind}/dt={file.day}"
    return f"{folder}/{load.load_id}.parquet"


def discard_key(load: Load) -> str:
    """The rows that the warehouse could not hold whole."""
    return f"discard/v1/{load.tenant}/{load.load_id}.jsonl.gz"


_CATEGORIES: Final = (
    ("already loaded", "already_loaded"),
    ("permission denied", "permission"),
    ("not authorized", "permission"),
    ("access denied", "permission"),
    ("accessdenied", "permission"),
    ("mandatory url", "missing_file"),
    ("nosuchkey", "missing_file"),
    ("problem reading manifest", "missing_file"),
    ("spectrum", "data"),
    ("schema", "missing_table"),
    ("relation", "missing_table"),
    ("1023", "busy"),
    ("serializable isolation", "busy"),
    ("lock", "busy"),
    ("throttl", "busy"),
    ("resize", "busy"),
    ("parquet", "data"),
    ("value too long", "data"),
    ("invalid input", "data"),
    ("json", "data"),
)


def categorize(error: str) -> str:
    """What kind of trouble Redshift's message tells of; `unknown` when it is new to us."""
    text = error.lower()
    if "does not exist" not in text:
        text = text.replace("schema", "").replace("relation", "")
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


class StatementState(StrEnum):
    """What is known of a submitted statement. `lost`: the service no longer knows it."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOutcome:
    """How a submitted statement stands, and Redshift's own words when it failed."""

    state: StatementState
    error: str = ""


T = TypeVar("T")


def in_turn(syncs: Sequence[T], *, hour: int) -> tuple[T, ...]:
    """The syncs, each hour beginning one further: when time is short, nobody is always last."""
    start = hour % len(syncs) if syncs else 0
    return (*syncs[start:], *syncs[:start])
