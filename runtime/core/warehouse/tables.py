"""The tables that every warehouse gets: their columns, types, keys, and what each column means.

The DDL and the loads of each vendor, the Parquet files, and the published schema page are made from
these descriptions, so that none of them says something else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.core.archive.raw_log import Kind

# Raise it with each table or column that is added; nothing is ever taken away or given another
# type. It is part of every load's id.
SCHEMA_VERSION: Final = 3
MAX_TEXT_BYTES: Final = 65_535  # the longest text that the strictest warehouse takes


class ColumnType(StrEnum):
    """What a column holds; each vendor has its own word for it."""

    TEXT = "text"
    BIGINT = "bigint"
    SMALLINT = "smallint"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"  # UTC, without a zone, in microseconds
    JSON = "json"  # staged as text; the load makes it the vendor's own type for JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    type: ColumnType
    meaning: str  # one sentence without a full stop, for the published page
    max_bytes: int = MAX_TEXT_BYTES  # of a TEXT, or of a JSON while it is staged
    required: bool = False  # whether it is never NULL
    since: int = 1  # the SCHEMA_VERSION that added it


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, and how its rows replace one another."""

    name: str
    source: Kind  # the raw rows that it is made of
    meaning: str  # one sentence, for the published page
    columns: tuple[Column, ...]  # without `load_id`, which every table has as its last
    key: tuple[str, ...]  # the columns that tell a row from every other
    latest: str  # of two rows with the same key, the one that has more in this column stays
    arrived: str  # the timestamp that files are divided and ordered by
    person: str | None  # the column with a profile's id, by which a person is erased; None: no one
    since: int = 1  # the SCHEMA_VERSION that added the table
    # The table whose rows these belong to: they are replaced together with the row of `parent` that
    # has the same `parent_key`, and both are in every load. None for a table of its own.
    parent: str | None = None
    parent_key: str = ""

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)


def _text(name: str, max_bytes: int, meaning: str, *, required: bool = False) -> Column:
    return Column(
        name=name, type=ColumnType.TEXT, max_bytes=max_bytes, meaning=meaning, required=required
    )


def _of(name: str, kind: ColumnType, meaning: str, *, required: bool = False) -> Column:
    return Column(name=name, type=kind, meaning=meaning, required=required)


_PROFILE_ID: Final = _text("profile_id", 1024, "the id of the profile")
_META: Final = Column(
    name="_meta",
    type=ColumnType.JSON,
    meaning="what could not be stored as asked for: a list of `column`, `path` and `reason`",
    since=2,
)
EVENTS: Final = Table(
    name="events",
    source=Kind.EVENTS,
    meaning="Each event once: of several copies, the one received last.",
    key=("id",),
    latest="received_at",
    arrived="received_at",
    person="profile_id",
    columns=(
        _text("id", 128, "the event's id", required=True),
        _text("tenant", 64, "whose event it is", required=True),
        _text("topic", 128, "the kind of the event", required=True),
        _of("occurred_at", ColumnType.TIMESTAMP, "when it happened", required=True),
        _of("received_at", ColumnType.TIMESTAMP, "when it reached us", required=True),
        _text(
            "profile_id",
            1024,
            "the id that the event's strongest name stands for; `profile_identities` says whose "
            "name it is now; NULL for events about no person",
        ),
        _text("profile", 8192, "the names as they were sent, JSON text"),
        _of("properties", ColumnType.JSON, "as they were sent"),
        _of("hops", ColumnType.SMALLINT, "how many functions it has come through", required=True),
        _text("origin", 16, "how it came about", required=True),
        _META,
    ),
)
MESSAGES: Final = Table(
    name="messages",
    source=Kind.EVENTS,
    meaning="Each event of a topic `message.*` once, with what analysts ask of messages.",
    key=("id",),
    latest="received_at",
    arrived="received_at",
    person="profile_id",
    since=2,
    parent="events",
    parent_key="id",
    columns=(
        _text("id", 128, "the event's id, as in `events`", required=True),
        _text("channel", 16, "`email`, `sms` or `push`", required=True),
        _text("action", 32, "what happened: the last word of the topic", required=True),
        _of("occurred_at", ColumnType.TIMESTAMP, "when it happened", required=True),
        _of("received_at", ColumnType.TIMESTAMP, "when it reached us", required=True),
        _text("profile_id", 1024, "as in `events`"),
        _text("campaign_id", 256, "properties `campaign_id`, or Klaviyo's `$campaign`"),
        _text("flow_id", 256, "properties `flow_id`, or Klaviyo's `$flow`"),
        _text("message_id", 256, "properties `message_id`, or Klaviyo's `$message`"),
        _text("subject", 2048, "properties `subject`, or Klaviyo's `Subject`"),
        _text("link", 4096, "properties `url`, `link`, or Klaviyo's `URL`"),
        _text("bounce_type", 64, "properties `bounce_type`, or Klaviyo's `Bounce Type`"),
    ),
)
PROFILES: Final = Table(
    name="profiles",
    source=Kind.PROFILES,
    meaning="Each profile once, at its latest revision.",
    key=("profile_id",),
    latest="revision",
    arrived="updated_at",
    person="profile_id",
    columns=(
        _text("profile_id", 1024, "the id of the profile", required=True),
        _text("external_id", 1024, "the latest external id"),
        _text("email", 1024, "the latest address"),
        _text("phone", 1024, "the latest number"),
        _of(
            "properties",
            ColumnType.JSON,
            "as functions and the API show them: with what data transforms made",
        ),
        _of("revision", ColumnType.BIGINT, "grows by one with each change", required=True),
        _of(
            "deleted",
            ColumnType.BOOLEAN,
            "a profile that is deleted, or merged into another, keeps its id and revision, so that "
            "no late snapshot revives it; count the living by `NOT deleted`",
            required=True,
        ),
        _of("updated_at", ColumnType.TIMESTAMP, "when it last changed"),
        Column(
            name="merged_into",
            type=ColumnType.TEXT,
            max_bytes=1024,
            meaning="the id of the profile that this one was merged into; NULL if it was not",
            since=2,
        ),
        _META,
    ),
)
PROFILE_IDENTITIES: Final = Table(
    name="profile_identities",
    source=Kind.PROFILES,
    meaning="Each name of each living profile once: who `events.profile_id` is now.",
    key=("profile_id", "kind", "value"),
    latest="revision",
    arrived="updated_at",
    person="profile_id",
    since=2,
    parent="profiles",
    parent_key="profile_id",
    columns=(
        _text("profile_id", 1024, "the profile that the name leads to", required=True),
        _text("kind", 64, "what kind of name it is: `email`, `phone`, …", required=True),
        _text("value", 1024, "the name as it is stored", required=True),
        _text(
            "event_profile_id",
            1024,
            "what `events.profile_id` is when this is the event's strongest name",
        ),
        _of("revision", ColumnType.BIGINT, "the profile's revision", required=True),
        _of("updated_at", ColumnType.TIMESTAMP, "when the profile last changed"),
    ),
)
DELIVERIES: Final = Table(
    name="deliveries",
    source=Kind.DELIVERIES,
    meaning="Each delivery once, as it stands after its latest attempt; without what was sent.",
    key=("delivery_id",),
    latest="revision",
    arrived="updated_at",
    person=None,
    since=2,
    columns=(
        _text("delivery_id", 64, "the delivery's id, which is its `webhook-id`", required=True),
        _text("webhook_id", 64, "the webhook that it is for", required=True),
        _text("event_id", 128, "the event that it tells of", required=True),
        _text("topic", 128, "the event's topic", required=True),
        _text(
            "status", 16, "`pending`, `delivered`, `dead`, `skipped` or `dropped`", required=True
        ),
        _text("reason", 128, "a code: why it ended so, or what it waits for"),
        _of("attempts", ColumnType.SMALLINT, "how many were made", required=True),
        _of("created_at", ColumnType.TIMESTAMP, "when it was made", required=True),
        _of("first_attempt_at", ColumnType.TIMESTAMP, "when the first attempt began"),
        _of("last_attempt_at", ColumnType.TIMESTAMP, "when the last attempt began"),
        _of("status_code", ColumnType.SMALLINT, "of HTTP, of the last attempt's answer"),
        _of("duration_ms", ColumnType.BIGINT, "of the last attempt"),
        _text("error", 128, "a code: why the last attempt failed; NULL if it did not"),
        _of("revision", ColumnType.BIGINT, "grows by one with each change", required=True),
        _of("updated_at", ColumnType.TIMESTAMP, "when it last changed", required=True),
    ),
)
FUNCTION_RUNS: Final = Table(
    name="function_runs",
    source=Kind.RUNS,
    meaning="Each run once, as its latest attempt ended; without what the function made.",
    key=("run_id",),
    latest="revision",
    arrived="updated_at",
    person=None,
    since=2,
    columns=(
        _text("run_id", 64, "the run's id", required=True),
        _text("function_name", 128, "the function", required=True),
        _of("function_version", ColumnType.BIGINT, "0 when none could run", required=True),
        _text("webhook_id", 64, "the webhook whose payload it made; NULL for a trigger's run"),
        _text("event_id", 128, "the event that it was made on", required=True),
        _text("topic", 128, "the event's topic", required=True),
        _text("outcome", 16, "`returned`, `raised`, `timed_out`, `retry`, …", required=True),
        _of("attempts", ColumnType.BIGINT, "how many were made", required=True),
        _of("last_attempt_at", ColumnType.TIMESTAMP, "when the last one was made", required=True),
        _of("duration_ms", ColumnType.DOUBLE, "of the last attempt", required=True),
        _text("engine", 16, "`wasm` or `restricted`; NULL when nothing ran"),
        _text("error_type", 400, "the class of the exception, or a word of ours"),
        _text("error_code", 400, "of a refusal, such as `bad_topic`"),
        _of("revision", ColumnType.BIGINT, "grows by one with each attempt", required=True),
        _of("updated_at", ColumnType.TIMESTAMP, "when it last changed", required=True),
    ),
)
TABLES: Final = (EVENTS, MESSAGES, PROFILES, PROFILE_IDENTITIES, DELIVERIES, FUNCTION_RUNS)
BY_NAME: Final = {table.name: table for table in TABLES}
OF_PEOPLE: Final = tuple(
    table for table in TABLES if table.person is not None
)  # rows about somebody
CHILDREN: Final = frozenset(table.name for table in TABLES if table.parent is not None)
LOAD_ID: Final = _text("load_id", 64, "the load that wrote this row", required=True)


def removed_column(table: Table) -> Column:
    """The column of `_erasures` that counts the rows which an erasure removed from a table."""
    return Column(
        name=f"{table.name}_removed",
        type=ColumnType.BIGINT,
        meaning=f"rows about this id that it removed from `{table.name}`; NULL if nobody counted",
        since=max(3, table.since),
    )


# What the loads themselves write, and what keeps erased people out.
LOADS: Final = "_loads"
ERASURES: Final = "_erasures"
SCHEMA: Final = "_schema"
MERGES: Final = "profile_merges"  # a view of `profiles`
OWN_TABLES: Final = {
    LOADS: (
        _text("load_id", 64, "the load", required=True),
        _text("table_name", 32, "the table that it filled", required=True),
        _of("rows_in", ColumnType.BIGINT, "rows that went in", required=True),
        _of("rows_new", ColumnType.BIGINT, "of them, how many had a new key", required=True),
        _of(
            "rows_discarded",
            ColumnType.BIGINT,
            "rows that the warehouse cannot hold whole, or refused",
            required=True,
        ),
        _of("min_received", ColumnType.TIMESTAMP, "when the first row arrived"),
        _of("max_received", ColumnType.TIMESTAMP, "when the last row arrived"),
        _text("versions", 64, "of our code that made the load", required=True),
        _text("manifest_uri", 1024, "the staged files", required=True),
        _of("committed_at", ColumnType.TIMESTAMP, "when the load was committed", required=True),
    ),
    ERASURES: (
        _text("profile_id", 1024, "an id of the person", required=True),
        _text("request_id", 128, "the erasure", required=True),
        _of("erased_at", ColumnType.TIMESTAMP, "when it was asked for", required=True),
        *map(removed_column, OF_PEOPLE),
    ),
    SCHEMA: (
        _text("table_name", 128, "the table", required=True),
        _text("column_name", 128, "the column", required=True),
        _text("column_type", 64, "what it holds: `text`, `bigint`, `timestamp`, …", required=True),
        _text("path", 1024, "of a promoted column: where its values come from; else NULL"),
        _of("added_at", ColumnType.TIMESTAMP, "when the column was added", required=True),
    ),
}


def of_kind(kind: Kind) -> Sequence[Table]:
    """The tables that raw rows of one kind fill, parents first."""
    return [table for table in TABLES if table.source is kind]


def with_children(table: Table) -> Sequence[Table]:
    """A table and those whose rows follow its rows, in the order of a load."""
    return [each for each in TABLES if table.name in (each.name, each.parent)]


def added_after(version: int) -> Iterable[tuple[Table, Sequence[Column]]]:
    """What a schema of an earlier version lacks: each table with the columns to add.

    A table that is newer than the version as a whole comes with all its columns.
    """
    for table in TABLES:
        columns = [column for column in table.columns if max(column.since, table.since) > version]
        if columns:
            yield table, columns
