"""Which files of the lake become one: the small ones of a table and a day of arrival.

A load writes a file for each table and day, so that a day ends with as many files as there were
loads. Whoever reads it then opens each of them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from runtime.core.warehouse import tables
from runtime.core.warehouse.tables import Table

TARGET_BYTES: Final = 128 * 1024 * 1024  # of a compacted file, at most: what warehouses read best
PREFIX: Final = "c-"  # what the name of a compacted file begins with; a load's is its id
SMALL_BYTES: Final = TARGET_BYTES // 2  # what is larger stays as it is


class Stored(NamedTuple):
    """A file of the lake."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Some files of one table and day that become one."""

    table: Table
    inputs: tuple[str, ...]  # their keys, two or more, in order

    @property
    def output(self) -> str:
        """The key of the one file; the same inputs always give the same."""
        folder = self.inputs[0].rpartition("/")[0]
        digest = hashlib.sha256("\0".join(self.inputs).encode()).hexdigest()
        return f"{folder}/{PREFIX}{digest[:32]}.parquet"


def merges(files: Iterable[Stored], *, before: str, except_loads: Collection[str]) -> list[Merge]:
    """The merges that leave no two small files in a day that has ended, each within the target.

    Args:
        files: of one sync.
        before: the day (YYYY-MM-DD) from which on files stay: they still come.
        except_loads: the ids of loads that may write their files again.
    """
    small = defaultdict[str, list[Stored]](list)
    for file in files:
        folder, _, name = file.key.rpartition("/")
        is_open = name.removesuffix(".parquet") in except_loads
        if _day(folder) < before and file.size_bytes < SMALL_BYTES and not is_open:
            small[folder].append(file)
    return [
        Merge(table=table, inputs=tuple(inputs))
        for folder, candidates in sorted(small.items())
        if (table := tables.BY_NAME.get(folder.split("/")[-2])) is not None
        for inputs in _groups(candidates)
        if len(inputs) > 1
    ]


def _groups(files: Sequence[Stored]) -> Iterator[list[str]]:
    group, size_bytes = list[str](), 0
    for file in sorted(files):
        if group and size_bytes + file.size_bytes > TARGET_BYTES:
            yield group
            group, size_bytes = [], 0
        group.append(file.key)
        size_bytes += file.size_bytes
    yield group


def _day(folder: str) -> str:
    return folder.rpartition("/dt=")[2]
