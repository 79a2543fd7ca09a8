"""The statements of a load, made from the named blocks of Redshift's `queries.sql`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import plan
from runtime.errors import BadInput

MAX_STATEMENTS: Final = 40  # of one BatchExecuteStatement
_BLOCK: Final = re.compile(r"^-- name: (\w+)[^\n]*\n", re.MULTILINE)
_PLACE: Final = re.compile(r"\{(\w+)\}|\[\[(\w+)\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a load goes: the schema, the bucket, and the role by which Redshift reads it."""

    schema: str
    bucket: str
    copy_role_arn: str


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
                _PLACE.sub(lambda found: _fill(found, values), sql) for sql in self.blocks[name]
            )
        except KeyError as problem:
            raise BadInput(f"{problem} is missing for block {name}", code="bad_sql") from problem


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
        earliest, latest = rendered.received[kind]
        manifest_uri = f"s3://{target.bucket}/{plan.manifest_key(load, kind)}"
        values = shared | {
            "manifest_uri": manifest_uri,
            "copy_role_arn": target.copy_role_arn,
            "min_received": earliest,
            "max_received": latest,
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


def _fill(found: re.Match[str], values: Mapping[str, object]) -> str:
    identifier, value = found.groups()
    return str(values[identifier]) if identifier else literal(values[value])
