"""The manifest of a load: the list of its files, which comes last and says that the load is whole.

A manifest stays true: whoever replaces a file has its manifest say what the file is. In our lake, a
file that takes the place of several gets a manifest of its own, and theirs name them no more; so
every file of a whole load is named once.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final

from runtime.core.json_text import load as read_json
from runtime.core.warehouse import compaction
from runtime.core.warehouse.plan import DataFile, Load
from runtime.errors import BadInput

_FOLDER: Final = "_manifests"  # engines that read Hive's layout pass by names that begin so


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
    """The files of a load, or the one that has taken the place of files of several loads."""

    load_id: str | None  # None for a file of several loads
    versions: str | None  # of our code, as in the load's record; None for a file of several loads
    files: tuple[Entry, ...]
    merged: tuple[str, ...] = ()  # the ids of the loads that a file of several has rows of

    @property
    def loads(self) -> tuple[str, ...]:
        """The ids of the loads of which its files have rows."""
        return self.merged if self.load_id is None else (self.load_id,)

    def without_file(self, key: str) -> "Manifest":
        """The manifest that does not name this file."""
        return replace(self, files=tuple(each for each in self.files if each.key != key))

    def with_file(self, key: str, *, rows: int, size_bytes: int) -> "Manifest":
        """The manifest that says this of one of its files."""
        files = tuple(
            replace(each, rows=rows, size_bytes=size_bytes) if each.key == key else each
            for each in self.files
        )
        return replace(self, files=files)

    def to_json(self) -> bytes:
        """As it is stored; a load's has no word of others."""
        shown = {name: each for name, each in asdict(self).items() if name != "merged" or each}
        return json.dumps(shown, separators=(",", ":")).encode()


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


def of_merge(file: Entry, loads: Iterable[str]) -> Manifest:
    """The manifest of a file that has taken the place of others.

    Args:
        file: the one.
        loads: the ids of the loads whose rows it has, repeated or not.
    """
    merged = tuple(dict.fromkeys(loads))
    return Manifest(load_id=None, versions=None, files=(file,), merged=merged)


def in_lake(lake_key: str) -> str:
    """The object key of the manifest that names a file of our lake."""
    *folder, _table, _day, name = lake_key.split("/")
    return "/".join([*folder, _FOLDER, f"{name.removesuffix('.parquet')}.json"])


def load_of(lake_key: str) -> str | None:
    """The id of the load whose file of our lake this is; None for a file of several loads."""
    name = lake_key.rpartition("/")[2].removesuffix(".parquet")
    return None if name.startswith(compaction.PREFIX) else name


def entry_of(lake_key: str, *, rows: int, size_bytes: int) -> Entry:
    """What a manifest says of a file of our lake."""
    *_, table, day, _name = lake_key.split("/")
    day = day.removeprefix("dt=")
    return Entry(key=lake_key, table=table, day=day, rows=rows, size_bytes=size_bytes)


def parse(text: bytes) -> Manifest | None:
    """The manifest that is stored; None for something else, which somebody has put in its place."""
    try:
        stored = read_json(text)
        files = tuple(Entry(**each) for each in stored["files"])
        return Manifest(
            load_id=stored["load_id"],
            versions=stored["versions"],
            files=files,
            merged=tuple(stored.get("merged", ())),
        )
    except (BadInput, KeyError, TypeError):
        return None
