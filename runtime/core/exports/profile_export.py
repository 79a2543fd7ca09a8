"""An export: which people it takes, how they are written, and how far it has been.

A person is written as `document` shows it. In a CSV a column is a place in that document, called as
the target of an import is, so that an export can be imported again.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runtime.core import formulas
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job
from runtime.core.json_text import dump, load
from runtime.core.matching.patterns import compile_pattern
from runtime.core.profiles.consent import CHANNELS
from runtime.core.profiles.profile import IDENTIFIERS, Profile
from runtime.errors import BadInput

PAGE_PROFILES: Final = 5000  # that one page reads at most; DynamoDB gives no more than 1 MB
MIN_PART_BYTES: Final = 5 * 1024 * 1024  # S3's own limit, for each part of a file but the last
MAX_COLUMNS: Final = 500
COLUMNS: Final = (
    "id",
    *IDENTIFIERS,
    "created_at",
    "updated_at",
    *(f"consent.{channel}" for channel in CHANNELS),
    "properties",
)
_FIXED: Final = frozenset(COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpec:
    """Which people go into the file, and how they are written."""

    format: FileFormat
    # An EventBridge pattern over each person's document; None for everybody.
    filter: Mapping[str, Any] | None = None
    columns: tuple[str, ...] = COLUMNS  # of a CSV

    def to_params(self) -> dict[str, Any]:
        """The same, as a job keeps it."""
        params: dict[str, Any] = {"format": self.format.value, "filter": self.filter}
        return params | ({"columns": list(self.columns)} if self.format is FileFormat.CSV else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an export stands."""

    upload_id: str  # of the file, which is stored in parts
    parts: tuple[str, ...] = ()  # the ETags of the parts that are stored
    after: str | None = None  # the id of the last profile looked at; None at the beginning
    pages: int = 0  # how many there have been
    # What was written since the last part rests in an object with this number, because it is too
    # small for a part. None if nothing was.
    rest: int | None = None
    is_read: bool = False  # whether the last profile has been looked at
    bytes: int = 0  # of the file so far

    def to_cursor(self) -> str:
        """The same, as a job's cursor."""
        return dump(
            {
                "upload_id": self.upload_id,
                "parts": list(self.parts),
                "after": self.after,
                "pages": self.pages,
                "rest": self.rest,
                "is_read": self.is_read,
                "bytes": self.bytes,
            }
        )


def check(spec: ExportSpec) -> None:
    """Refuse an export that can never be done.

    Raises:
        BadInput: code `bad_filter` or `bad_columns`.
    """
    if spec.filter is not None:
        compile_pattern(spec.filter)
    if not 1 <= len(spec.columns) <= MAX_COLUMNS:
        raise BadInput(f"must be 1 to {MAX_COLUMNS} columns", field="columns", code="bad_columns")
    for number, column in enumerate(spec.columns):
        head, _, name = column.partition(".")
        if column not in _FIXED and not (head in {"properties", "names"} and name):
            raise BadInput(
                f"must be one of {', '.join(COLUMNS)}, properties.<name> or names.<kind>",
                field=("columns", number),
                code="bad_columns",
            )


def file_key(job: Job) -> str:
    """The key of a job's file."""
    return f"exports/{job.tenant}/{job.id}/{file_name(job)}"


def file_name(job: Job) -> str:
    """What the file is called for people."""
    return f"profiles-{job.created_at[:10]}.{job.params['format']}"


def rest_key(job: Job, number: int) -> str:
    """The key of what is too small for a part."""
    return f"exports/{job.tenant}/{job.id}/rest/{number}"


def spec_of(job: Job) -> ExportSpec:
    """Which people go into a job's file."""
    return ExportSpec(
        format=FileFormat(job.params["format"]),
        filter=job.params["filter"],
        columns=tuple(job.params.get("columns", COLUMNS)),
    )


def place_of(cursor: str) -> Place:
    """Where a job stands, by its cursor."""
    raw = load(cursor)
    return Place(**{**raw, "parts": tuple(raw["parts"])})


def document(profile: Profile) -> dict[str, Any]:
    """A person as filters see it and JSONL has it."""
    names: dict[str, list[str]] = {}
    for name in profile.shown_names:
        names.setdefault(name.kind, []).append(name.value)
    return {
        "id": profile.id,
        **{kind: getattr(profile, kind) for kind in IDENTIFIERS},
        "names": names,
        "properties": profile.shown_properties,
        "consent": {channel: dict(said) for channel, said in profile.consent.items()},
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }


def written(
    spec: ExportSpec, profiles: Iterable[Profile], *, with_header: bool
) -> tuple[int, bytes]:
    """How many of the profiles the export takes, and their part of the file.

    Args:
        spec: which they are, and how they are written.
        profiles: what the page looks at.
        with_header: whether a CSV begins here.
    """
    pattern = None if spec.filter is None else compile_pattern(spec.filter)
    shown = map(document, profiles)
    people = [each for each in shown if pattern is None or pattern.matches(each)]
    if spec.format is FileFormat.JSONL:
        return len(people), "".join(f"{dump(each)}\n" for each in people).encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if with_header:
        writer.writerow(map(formulas.escaped, spec.columns))
    writer.writerows([_cell(each, column) for column in spec.columns] for each in people)
    return len(people), text.getvalue().encode()


def paged(place: Place, *, after: str | None, size_bytes: int) -> Place:
    """Where an export stands when it has written so many bytes of one more page."""
    return replace(
        place,
        after=after,
        pages=place.pages + 1,
        is_read=after is None,
        bytes=place.bytes + size_bytes,
    )


def _cell(person: Mapping[str, Any], column: str) -> str:
    head, _, name = column.partition(".")
    match head:
        case "consent":
            value = person["consent"].get(name, {}).get("status")
        case "names":
            value = next(iter(person["names"].get(name, ())), None)
        case "properties" if name:
            value = person["properties"].get(name)
        case _:
            value = person[column]
    if value is None:
        return ""
    # JSON of a number, a list or an object begins with no character that makes a formula but the
    # minus of a number, which a spreadsheet takes for a number too.
    return formulas.escaped(value) if isinstance(value, str) else dump(value)
