"""What only Redshift asks of a load: its schema's name, its staged files, its SQL, its errors."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import StagedFile, Staging
from runtime.core.warehouse.sync import Sync, default_schema
from runtime.errors import BadInput

MAX_STATEMENTS: Final = 40  # of one BatchExecuteStatement
MAX_PROPERTIES_BYTES: Final = 65_535  # the longest VARCHAR, and the longest string inside a SUPER
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,126}")  # a name has 127 bytes at most
_BLOCK: Final = re.compile(r"^-- name: (\w+)[^\n]*\n", re.MULTILINE)
_PLACE: Final = re.compile(r"\{(\w+)\}|\[\[(\w+)\]\]")


# What an error's text has in it, and the category that it then belongs to; the first that fits.
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
    LOST = "lost"  # the service no longer knows it


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOutcome:
    """How a submitted statement stands."""

    state: StatementState
    error: str = ""  # Redshift's own words, when it has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a load goes."""

    schema: str
    bucket: str  # of the staged files
    copy_role_arn: str  # the role by which Redshift reads them


@dataclass(frozen=True, slots=True)
class Blocks:
    """The named SQL blocks. In a block `{name}` is an identifier and `[[name]]` a literal."""

    blocks: Mapping[str, tuple[str, ...]]

    def render(self, name: str, values: Mapping[str, object]) -> tuple[str, ...]:
        """The statements of one block with every place filled.

        Raises:
            BadInput: there is no such block, or a place has no value.
        """
        try:
            return tuple(
                _PLACE.sub(lambda match: _fill(match, values), sql) for sql in self.blocks[name]
            )
        except KeyError as problem:
            raise BadInput(f"{problem} is missing for block {name}", code="bad_sql") from problem


def schema_name(sync: Sync) -> str:
    """The schema of a sync: its own choice, or the one that is named after the tenant.

    Raises:
        BadInput: code `bad_schema`: the name would need quoting.
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
    """The manifest of a COPY: every file must be there, whole."""
    entries = [
        {
            "url": file.uri,
            "mandatory": True,  # Redshift's default is false: a missing file would be skipped
            "meta": {"content_length": file.size_bytes},
        }
        for file in files
    ]
    return json.dumps({"entries": entries}, separators=(",", ":"))


STAGING: Final = Staging(
    codec="snappy",  # the only codec that Redshift's documents promise beside gzip
    max_properties_bytes=MAX_PROPERTIES_BYTES,
    manifest=manifest,
)


def categorize(error: str) -> str:
    """What kind of trouble a message of Redshift tells of; `unknown` when it is new to us."""
    text = error.lower()
    if "does not exist" not in text:
        text = text.replace("schema", "").replace("relation", "")
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


def blocks(text: str) -> Blocks:
    """The blocks of a file: each starts at `-- name: x`, its statements end in a semicolon."""
    pieces = _BLOCK.split(text)[1:]
    return Blocks(
        {name: _statements(body) for name, body in zip(pieces[::2], pieces[1::2], strict=True)}
    )


def literal(value: object) -> str:
    """A value as SQL text that cannot end its own quotes.

    Raises:
        BadInput: it holds a backslash, which Redshift may read as an escape.
    """
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if "\\" in text:
        raise BadInput("a value in SQL may not hold a backslash", code="bad_sql")
    return "'" + text.replace("'", "''") + "'"


def load_statements(
    sql: Blocks, load: plan.Load, *, target: Target, rendered: plan.Rendered
) -> tuple[str, ...]:
    """The one transaction of a load: lock, guard, then each table, its ledger row included.

    The lock comes first because Redshift does not enforce keys and its snapshot is taken by the
    first statement after: a second loader must wait, and then see the first one's ledger row.
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


def tables(rendered: plan.Rendered) -> Sequence[Kind]:
    """The tables that this load touches."""
    return tuple(file.kind for file in rendered.stage)


def _statements(body: str) -> tuple[str, ...]:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
    return tuple(
        part.strip() for part in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines)) if part.strip()
    )


def _fill(match: re.Match[str], values: Mapping[str, object]) -> str:
    identifier, value = match.groups()
    return str(values[identifier]) if identifier else literal(values[value])
