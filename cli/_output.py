"""What a command prints: one JSON document, or lines for people.

Logs, errors and answers are other people's texts. What a terminal would obey in them, it shows.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else.")
]
Limit = Annotated[int, typer.Option(min=1, help="At most this many.")]
# Control characters, but for tabs, ends of lines, and the colours of `_diff`.
_COMMANDS: Final = re.compile(
    r"\x1b(?!\[(?:0|3[126])m)|\r(?!\n|\Z)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)


def show(document: Any, *, as_json: bool, human: Callable[[], Iterable[str]]) -> None:
    """Print the document as JSON, or the lines that `human` makes of it."""
    if as_json:
        print_json(document)
        return
    for line in human():
        say(line)


def say(line: str, *, err: bool = False) -> None:
    """Print a line for people, with an escape for each character that commands a terminal."""
    typer.echo(_COMMANDS.sub(lambda match: f"\\x{ord(match[0]):02x}", line), err=err)


def print_json(document: Any) -> None:
    """Print one JSON document. Commands of a terminal that JSON does not escape are escaped too."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.write(_COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterable[str]:
    """Lines with the rows in columns as wide as they need; `(none)` when there are none."""
    if not rows:
        return ["(none)"]
    cells = [list(columns)] + [[cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    ]


def record(document: Mapping[str, Any]) -> Iterable[str]:
    """Lines with the fields of one thing, one field each; its ETag is for programs."""
    shown = {name: value for name, value in document.items() if name != "etag"}
    width = max(map(len, shown), default=0)
    return [f"{name.ljust(width)}  {cell(value)}" for name, value in shown.items()]


def finding(document: Mapping[str, Any]) -> str:
    """One line with what a check says of a place in a source."""
    kind = "hint, " if document.get("severity") == "hint" else ""
    advice = f" ({document['hint']})" if document.get("hint") else ""
    place = f"line {document.get('line')}, column {document.get('column')}"
    return f"{kind}{place}: {document.get('code')}: {document.get('message')}{advice}"


def excerpt(text: str) -> Iterable[str]:
    """Lines with what a receiver answered; none for nothing."""
    return [f"answer: {line}" for line in text.splitlines() if line.strip()]


def cell(value: Any) -> str:
    """A value in a line for people; `-` where there is none."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return ",".join(value) or "-"
        case _:
            return json.dumps(value, ensure_ascii=False)
