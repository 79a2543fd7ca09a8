"""Failures of statements, with Redshift's own messages."""

import re
from typing import Final

import duckdb

# https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
MAX_VARCHAR_BYTES: Final = 65_535
TOO_LONG: Final = "Value too long for type character varying"


class SqlFailure(Exception):
    """A statement failed; the message is what `DescribeStatement` shows as `Error`."""


def detail(error: str, *, code: int, context: str) -> SqlFailure:
    """A failure with the block of details that Redshift's compute nodes write."""
    line = "-" * 47
    return SqlFailure(
        f"ERROR: {error}\n  Detail: \n  {line}\n  error:  {error}\n  code:      {code}\n"
        f"  context:   {context}\n  {line}"
    )


_SIMPLE: Final = (
    (r'(?:Table|View) with name "?([^"\s]+)"? does not exist', 'relation "{0}" does not exist'),
    (r"[Ss]chema (?:with name )?\"?(\w+)\"? does not exist", 'schema "{0}" does not exist'),
    (r"Referenced column \"(\w+)\" (?:was )?not found", 'column "{0}" does not exist'),
    (r"does not have a column (?:named|with name) \"(\w+)\"", 'column "{0}" does not exist'),
    (r"Column with name \"?(\w+)\"? already exists", 'column "{0}" of relation already exists'),
    (r"(?:Table|View) with name \"?(\w+)\"? already exists", 'Relation "{0}" already exists'),
    (r"NOT NULL constraint failed: \S*?(\w+)$", "Cannot insert a NULL value into column {0}"),
    (
        r"Could not convert string '(.*)' to (?:INT|UINT|HUGE)\w*",
        'invalid input syntax for integer: "{0}"',
    ),
    (r"syntax error at or near \"(.*?)\"", 'syntax error at or near "{0}"'),
)


def translated(problem: duckdb.Error) -> SqlFailure:
    """DuckDB's failure with Redshift's message; with DuckDB's own if the table above has none."""
    text = str(problem).split("\n", 1)[0]
    too_long = re.search(r"CHECK\(\(strlen\(.*?\) <= (\d+)\)\)", text)
    if too_long is None:
        too_long = re.search(rf"{TOO_LONG}\((\d+)\)", text)
    if too_long:
        return detail(
            "Value too long for character type", code=8001, context=f"{TOO_LONG}({too_long[1]})"
        )
    if "Malformed JSON" in text:
        return detail("JSON parsing error", code=8001, context=text)
    for pattern, meaning in _SIMPLE:
        match = re.search(pattern, text)
        if match:
            return SqlFailure(f"ERROR: {meaning.format(*match.groups())}")
    return SqlFailure(f"ERROR: {text}")
