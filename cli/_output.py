"""What a command prints: one JSON document, or lines for people.

Logs, errors and answers are other people's texts. What a terminal would obey in them, it shows.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from cli import _terminal

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else.")
]
Limit = Annotated[int, typer.Option(min=1, help="At most this many.")]
# Control characters, but for tabs and ends of lines.
_COMMANDS: Final = re.compile(r"\r(?!\n|\Z)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def show(document: Any, *, as_json: bool, human: "Callable[[], Iterable[Part]]") -> None:
    """Print the document as JSON, or what `human` makes of it: a table, a record, or parts."""
    if as_json:
        print_json(document)
        return
    made = human()
    for part in [made] if isinstance(made, (Table, Record)) else made:
        if isinstance(part, str):
            say(part)
        elif _terminal.is_terminal(sys.stdout):
            part.draw()
        else:
            for line in part:
                say(line)


def say(line: str, *, err: bool = False) -> None:
    """Print a line for people, with an escape for each character that commands a terminal."""
    if not isinstance(line, _terminal.Drawn):
        line = _COMMANDS.sub(lambda match: f"\\x{ord(match[0]):02x}", line)
    typer.echo(line, err=err)


def print_json(document: Any) -> None:
    """Print one JSON document. Commands of a terminal that JSON does not escape are escaped too."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.write(_COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in columns: lines as wide as they need, or a table that is drawn for a terminal."""

    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str]

    def __iter__(self) -> Iterator[str]:
        if not self.rows:
            yield "(none)"
            return
        lines = [
            list(self.columns),
            *([cell(row.get(c)) for c in self.columns] for row in self.rows),
        ]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        for line in lines:
            yield "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()

    def draw(self) -> None:
        """Draw it on standard output."""
        if not self.rows:
            say("(none)")
            return
        _terminal.draw_table(
            [
                _terminal.Column(name=name, cells=[_spaced(row.get(name)) for row in self.rows])
                for name in self.columns
            ]
        )


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one thing: lines, or a list that is drawn for a terminal."""

    fields: Mapping[str, Any]

    def __iter__(self) -> Iterator[str]:
        width = max(map(len, self.fields), default=0)
        return (f"{name.ljust(width)}  {cell(value)}" for name, value in self.fields.items())

    def draw(self) -> None:
        """Draw it on standard output."""
        _terminal.draw_record({name: _spaced(value) for name, value in self.fields.items()})


Part = str | Table | Record  # of what a command shows people: a line, or what has several


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """The rows in columns, under the columns' names; `(none)` when there are none."""
    return Table(rows, columns)


def record(document: Mapping[str, Any]) -> Record:
    """The fields of one thing, one field each; its ETag is for programs."""
    return Record({name: value for name, value in document.items() if name != "etag"})


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


def _spaced(value: Any) -> str:
    """As `cell`, with blanks in a list of texts, where a terminal may fold it."""
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return ", ".join(value) or "-" if is_texts else cell(value)
