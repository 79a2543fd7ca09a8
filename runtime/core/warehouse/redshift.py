"""What a load needs for Redshift alone: schema name, manifest, SQL and categories of errors."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import StagedFile, Staging
from runtime.core.warehouse.sync import Sync, default_schema
from runtime.errors import BadInput

MAX_STATEMENTS: Final = 40  # in one BatchExecuteStatement
MAX_PROPERTIES_BYTES: Final = 65_535  # the longest VARCHAR, and the longest string inside a SUPER
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,126}")  # Redshift's names have at most 127 bytes
_BLOCK: Final = re.compile(r"^-- name: (\w+)[^\n]*\n", re.MULTILINE)
_PLACE: Final = re.compile(r"\{(\w+)\}|\[\[(\w+)\]\]")


# An error that contains the text on the left belongs to the category on the right. The first match
# decides.
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


class StatementState(StrEnum):
    """What is known of a submitted statement."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"  # the Data API has forgotten the statement


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOutcome:
    """How a submitted statement stands."""

    state: StatementState
    error: str = ""  # Redshift's own words; empty unless it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The schema that a load fills, and how Redshift reads the load's files."""

    schema: str
    bucket: str  # where the staged files are
    copy_role_arn: str  # Redshift reads them under this role


@dataclass(frozen=True, slots=True)
class Blocks:
    """Named SQL blocks. In a block, `{name}` is an identifier and `[[name]]` a literal."""

    blocks: Mapping[str, tuple[str, ...]]  # name → statements

    def render(self, name: str, values: Mapping[str, object]) -> tuple[str, ...]:
        """The statements of one block, with a value in every place.

        Raises:
            BadInput: code `bad_sql`: there is no such block, or a place has no value.
        """
        try:
            return tuple(
                _PLACE.sub(lambda match: _fill(match, values), sql) for sql in self.blocks[name]
            )
        except KeyError as problem:
            raise BadInput(f"{problem} is missing for block {name}", code="bad_sql") from problem


def schema_name(sync: Sync) -> str:
    """The schema of a sync: the one that it names, or else one named after the tenant.

    Raises:
        BadInput: code `bad_schema`: SQL would have to quote the name.
    """
    name = sync.schema or default_schema(sync.tenant)
    if not _SCHEMA.fullmatch(name):
        raise BadInput(
            "must be lower-case letters, digits and _, at most 127",
            field="schema",
            code="bad_schema",
        )
    return name


def manifest(files: Sequence[StagedFile]) -> str:
    """The manifest of a COPY, which fails if a file is missing or has another size."""
    entries = [
        {
            "url": file.uri,
            "mandatory": True,  # Redshift's default, false, would skip a missing file
            "meta": {"content_length": file.size_bytes},
        }
        for file in files
    ]
    return json.dumps({"entries": entries}, separators=(",", ":"))


STAGING: Final = Staging(
    codec="snappy",  # beside gzip, the only codec that Redshift's documents name
    max_properties_bytes=MAX_PROPERTIES_BYTES,
    manifest=manifest,
)


def categorize(error: str) -> str:
    """The category of a Redshift error message; `unknown` when none fits."""
    text = error.lower()
    if "does not exist" not in text:
        text = text.replace("schema", "").replace("relation", "")
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


def blocks(text: str) -> Blocks:
    """Read an SQL file: a block starts at `-- name: x`, and a statement ends in a semicolon."""
    pieces = _BLOCK.split(text)[1:]
    return Blocks(
        {name: _statements(body) for name, body in zip(pieces[::2], pieces[1::2], strict=True)}
    )


def literal(value: object) -> str:
    """A value as an SQL literal, quoted so that the value cannot end its quotes.

    Redshift may read a backslash as an escape, so one is written as the character of its number.
    """
    if isinstance(value, int):
        return str(value)
    pieces = str(value).replace("'", "''").split("\\")
    quoted = " || CHR(92) || ".join(f"'{piece}'" for piece in pieces)
    return quoted if len(pieces) == 1 else f"({quoted})"


def load_statements(
    sql: Blocks, load: plan.Load, *, target: Target, rendered: plan.Rendered
) -> tuple[str, ...]:
    """The statements of a load's one transaction: lock, guard, then each table and its ledger row.

    Redshift does not enforce keys, so two loaders must not run at once. The lock comes first
    because the statement after it takes the snapshot: a second loader waits for the lock, and its
    guard then sees the first loader's ledger row.

    Raises:
        BadInput: code `bad_sql`: a block is missing, a value cannot stand in SQL, or there are too
            many statements.
    """
    shared = {"schema": target.schema, "load_id": load.load_id, "versions": load.versions}
    statements = list(sql.render("lock", shared) + sql.render("guard", shared))
    for kind in tables(rendered):
        received = rendered.received[kind]
        manifest_uri = f"s3://{target.bucket}/{plan.manifest_key(load, kind)}"
        values = shared | {
            "manifest_uri": manifest_uri,
            "copy_role_arn": target.copy_role_arn,
            "min_received": received.earliest,
            "max_received": received.latest,
            "rows_in": rendered.rows(kind),
            "rows_discarded": rendered.discarded if kind is Kind.EVENTS else 0,
        }
        statements.extend(sql.render(f"load_{kind}", values))
    if len(statements) > MAX_STATEMENTS:
        raise BadInput(
            f"{len(statements)} statements; a batch has at most {MAX_STATEMENTS}", code="bad_sql"
        )
    return tuple(statements)


def erasure_statements(
    sql: Blocks, *, schema: str, profile_ids: Sequence[str], request_id: str, erased_at: str
) -> Iterator[tuple[str, ...]]:
    """The transactions that delete a person's rows and keep them from coming back.

    Each begins with the lock that a load takes, so a load is either there to be deleted from, or
    finds the person in `_erasures`. Each may be repeated.

    Raises:
        BadInput: code `bad_sql`: a value cannot stand in SQL.
    """
    lock = sql.render("lock", {"schema": schema})
    statements: tuple[str, ...] = lock
    for profile_id in profile_ids:
        values = {"schema": schema, "profile_id": profile_id, "request_id": request_id}
        more = sql.render("erase_person", {**values, "erased_at": erased_at})
        if len(statements) + len(more) > MAX_STATEMENTS:
            yield statements
            statements = lock
        statements += more
    yield statements


def tables(rendered: plan.Rendered) -> Sequence[Kind]:
    """The tables that this load fills."""
    return tuple(file.kind for file in rendered.stage)


def _statements(body: str) -> tuple[str, ...]:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
    return tuple(
        part.strip() for part in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines)) if part.strip()
    )


def _fill(match: re.Match[str], values: Mapping[str, object]) -> str:
    identifier, value = match.groups()
    return str(values[identifier]) if identifier else literal(values[value])
