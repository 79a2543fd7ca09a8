"""An import: how its file is to be read, how far it has been, and what its rows say.

A row is an event about a person that only the profiles hear of: it says what is true from the
moment at which the import was created. So what events have said since is kept, a row that is
repeated after a kill changes nothing, and rows that name one person in two ways join the names, all
by the rules that hold for events.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.imports import mapping as mappings
from runtime.core.imports.mapping import MAX_COLUMNS, Row, Target
from runtime.core.imports.records import Record
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Fault, Job
from runtime.core.json_text import load
from runtime.core.profiles import names
from runtime.core.profiles.names import Named, NameRules
from runtime.errors import BadInput

# So many bytes are about a million rows, which take hours. A larger file is imported in parts.
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
PAGE_ROWS: Final = 500  # of one page, which has to be done within half a minute
# Of two rows about one person that say different things, the one with the later id counts.
_LINE_DIGITS: Final = len(str(MAX_FILE_BYTES))
DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """How a file is to be read. Whoever asks for an import says so."""

    format: FileFormat
    # Column -> target; see `mapping`. A column is a name of the header or, without one, a number
    # from 1; in JSONL it is a key of each object.
    mapping: Mapping[str, str]
    bytes: int  # of the whole file
    dry_run: bool = False  # whether the rows are only read, and nothing is changed
    has_header: bool = True  # of a CSV: whether its first record names the columns
    delimiter: str = ","  # of a CSV: one of DELIMITERS

    def to_params(self) -> dict[str, Any]:
        """The same, as a job keeps it."""
        return {
            "format": self.format.value,
            "mapping": dict(self.mapping),
            "bytes": self.bytes,
            "dry_run": self.dry_run,
            "has_header": self.has_header,
            "delimiter": self.delimiter,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in its file an import stands."""

    offset: int = 0  # bytes before the next record
    line: int = 1  # on which that begins, from 1
    # Of a CSV: how many fields each record has, and which of them the mapped columns are, in the
    # order of the mapping. None before the header has been read.
    width: int | None = None
    fields: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same, as a job's cursor keeps it."""
        return {
            "offset": self.offset,
            "line": self.line,
            "width": self.width,
            "fields": list(self.fields),
        }


def check(spec: FileSpec) -> None:
    """Refuse an import that can never be done.

    Raises:
        BadInput: code `bad_mapping`, `bad_delimiter`, `empty_file` or `file_too_large`.
    """
    mappings.parse(spec.mapping)
    if spec.delimiter not in DELIMITERS:
        raise BadInput(
            "must be a comma, a semicolon, a tab or a |", field="delimiter", code="bad_delimiter"
        )
    if spec.bytes < 1:
        raise BadInput("the file is empty", field="bytes", code="empty_file")
    if spec.bytes > MAX_FILE_BYTES:
        raise BadInput(
            f"a file has at most {MAX_FILE_BYTES} bytes ({MAX_FILE_BYTES >> 20} MB), this one has"
            f" {spec.bytes}; split it",
            field="bytes",
            code="file_too_large",
        )
    if spec.format is FileFormat.CSV and not spec.has_header:
        _numbers(spec.mapping)


def file_key(job: Job) -> str:
    """The key of a job's file."""
    return f"imports/{job.tenant}/{job.id}"


def spec_of(job: Job) -> FileSpec:
    """How a job's file is to be read."""
    raw = dict(job.params)
    return FileSpec(format=FileFormat(raw.pop("format")), **raw)


def place_of(cursor: str | None) -> Place:
    """Where a job stands, by its cursor."""
    if cursor is None:
        return Place()
    raw = load(cursor)
    return Place(**{**raw, "fields": tuple(raw["fields"])})


def begin_csv(spec: FileSpec, first: Record) -> tuple[int, tuple[int, ...]]:
    """How many fields the records of a CSV have, and which of them are mapped.

    Args:
        spec: how the file is to be read.
        first: its first record: the header if it has one.

    Raises:
        BadInput: code `unknown_column`, `duplicate_column` or `too_many_columns`, or the record
            cannot be read.
    """
    columns = cells(first, delimiter=spec.delimiter)
    if len(columns) > MAX_COLUMNS:
        raise BadInput(
            f"the file has {len(columns)} columns; at most {MAX_COLUMNS} are read",
            code="too_many_columns",
        )
    if not spec.has_header:
        return len(columns), tuple(_field(n, width=len(columns)) for n in _numbers(spec.mapping))
    header = [name.strip() for name in columns]
    return len(columns), tuple(_named(name, header) for name in spec.mapping)


def cells(record: Record, *, delimiter: str) -> list[str]:
    """The fields of a record of a CSV.

    Raises:
        BadInput: code `bad_csv`, `bad_encoding`, `nul` or `record_too_large`.
    """
    reader = csv.reader(io.StringIO(record.text(), newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as problem:
        raise BadInput(f"is not CSV: {problem}", code="bad_csv") from problem
    if len(rows) != 1:  # a carriage return alone has ended a line
        raise BadInput("holds a carriage return that ends no line", code="bad_csv")
    return rows[0]


def read(spec: FileSpec, place: Place, record: Record, *, targets: Sequence[Target]) -> Row:
    """What one record says of a person.

    Raises:
        BadInput: the record cannot be read; the code says why.
    """
    if spec.format is FileFormat.JSONL:
        document = load(record.text())
        if not isinstance(document, Mapping):
            raise BadInput("is no JSON object", code="not_an_object")
        values = [
            (target, document.get(key)) for key, target in zip(spec.mapping, targets, strict=True)
        ]
        return mappings.read_values(values)
    fields = cells(record, delimiter=spec.delimiter)
    if len(fields) != place.width:
        raise BadInput(
            f"has {len(fields)} fields where the file's first record has {place.width}",
            code="unequal_columns",
        )
    mapped = [fields[number] for number in place.fields]
    return mappings.read_cells(list(zip(targets, mapped, strict=True)))


def events_of(job: Job, row: Row, *, line: int, rules: NameRules) -> Iterator[Event]:
    """What a row says, as events that only the profiles hear of. The same row makes the same ones.

    Raises:
        BadInput: a name or a property is none; the code is that of an event. Or code
            `unusable_name`: no name of the row can be one, by the tenant's rules.
    """
    number = f"{line:0{_LINE_DIGITS}}"
    updated = {"topic": "profile.updated", "properties": dict(row.properties)}
    event = _event(job, row, number, updated)
    named = names.of(event.profile, rules)
    if not named.names:
        raise _names_nobody(named)
    yield event
    for channel, is_subscribed in row.consents.items():
        topic = "profile.subscribed" if is_subscribed else "profile.unsubscribed"
        properties = {"channel": channel, "source": "import"}
        yield _event(job, row, f"{number}:{channel}", {"topic": topic, "properties": properties})


def fault(problem: BadInput, *, line: int) -> Fault:
    """A record that was refused. It names the place of the fault, and never what stands there."""
    where = f"{problem.field} " if problem.field else ""
    return Fault(line=line, code=problem.code, message=f"{where}{problem.message}")


def _event(job: Job, row: Row, part: str, content: Mapping[str, Any]) -> Event:
    raw = {
        "id": f"job:{job.id}:{part}",
        "tenant": job.tenant,
        "occurred_at": job.created_at,
        "profile": dict(row.profile),
        **content,
    }
    return envelope.parse(raw, now=job.created_at)


def _names_nobody(named: Named) -> BadInput:
    for unusable in named.unusable:
        return BadInput(unusable.reason, field=("profile", unusable.kind), code="unusable_name")
    return BadInput("has no name of a kind that your tenant knows", code="unusable_name")


def _named(name: str, header: Sequence[str]) -> int:
    if name not in header:
        raise BadInput(
            f"the file has no column {name[:80]!r}; it has {', '.join(header)[:500]}",
            code="unknown_column",
        )
    if header.count(name) > 1:
        raise BadInput(f"the file has two columns {name[:80]!r}", code="duplicate_column")
    return header.index(name)


def _numbers(mapping: Mapping[str, str]) -> list[int]:
    for column in mapping:
        if not (column.isascii() and column.isdigit() and int(column)):
            raise BadInput(
                "must be the number of a column, from 1, because the file has no header",
                field=("mapping", column),
                code="bad_mapping",
            )
    return [int(column) for column in mapping]


def _field(number: int, *, width: int) -> int:
    if number > width:
        raise BadInput(f"the file has no column {number}; it has {width}", code="unknown_column")
    return number - 1
