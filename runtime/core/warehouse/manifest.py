"""The manifest of a load: the list of its files, which comes last and says that the load is whole.

A manifest stays true: whoever replaces a file has its manifest name the file as it is.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from runtime.core.json_text import load as read_json
from runtime.core.warehouse.plan import DataFile, Load
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file."""

    key: str  # of the object
    table: str
    day: str  # on which its rows arrived, YYYY-MM-DD
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A load's files."""

    load_id: str
    versions: str  # of our code, as in the load's record
    files: tuple[Entry, ...]

    def with_file(self, key: str, *, rows: int, size_bytes: int) -> "Manifest":
        """The manifest that says this of one of its files."""
        files = tuple(
            replace(each, rows=rows, size_bytes=size_bytes) if each.key == key else each
            for each in self.files
        )
        return replace(self, files=files)

    def to_json(self) -> bytes:
        """As it is stored."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()


def of_load(load: Load, files: Iterable[DataFile], *, key: Callable[[DataFile], str]) -> Manifest:
    """The manifest of a load.

    Args:
        load: whose it is.
        files: all of them.
        key: the key of the object that a file becomes.
    """
    entries = (
        Entry(
            key=key(file),
            table=file.table,
            day=file.day or "",
            rows=file.rows,
            size_bytes=file.size_bytes,
        )
        for file in files
    )
    return Manifest(load_id=load.load_id, versions=load.versions, files=tuple(entries))


def parse(text: bytes) -> Manifest | None:
    """The manifest that is stored; None for something else, which somebody has put in its place."""
    try:
        stored = read_json(text)
        files = tuple(Entry(**each) for each in stored["files"])
        return Manifest(load_id=stored["load_id"], versions=stored["versions"], files=files)
    except (BadInput, KeyError, TypeError):
        return None
