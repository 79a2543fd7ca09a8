"""Gives zoneinfo, pytz and dateutil the tables of time zones from memory.

All three use pytz's own tables, which list every change up to 2037. The tables of tzdata end with a
rule as a line of text. pytz does not read that line, and would take UTC.
"""

from __future__ import annotations

import io
import sys
import zoneinfo
from pathlib import Path
from typing import Any, BinaryIO, Final

import dateutil._tzdata_impl as dateutil_zones
import pytz
import tzdata

from .places import put

TABLES: Final[dict[str, bytes]] = {}
_FILES: Final[dict[str, bytes]] = {}  # other files of the two packages, such as lists of names


def collect() -> None:
    """Read every table into memory; equal ones share their bytes. Call it at build time."""
    tables_by_content: dict[bytes, bytes] = {}
    for package in (tzdata, pytz):
        folder = Path(str(package.__file__)).parent / "zoneinfo"
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.suffix in {".py", ".pyc"}:
                continue
            data = path.read_bytes()
            target = TABLES if data[:4] == b"TZif" else _FILES
            target[path.relative_to(folder).as_posix()] = tables_by_content.setdefault(data, data)


def install() -> None:
    """Make all three read from memory, and fill the lists that pytz fills at its first use."""
    zoneinfo.reset_tzpath(to=())
    put(sys.modules["zoneinfo._common"], load_tzdata=_load)
    put(zoneinfo, available_timezones=_names)
    put(pytz, open_resource=_open_for_pytz, resource_exists=_exists)
    put(dateutil_zones, _load_tzdata=_load_for_dateutil)
    put(dateutil_zones, _load_tzdata_keys=lambda: sorted(_names()))
    for lazy_list in (pytz.all_timezones, pytz.common_timezones):
        len(lazy_list)
    for lazy_set in (pytz.all_timezones_set, pytz.common_timezones_set):
        lazy_set.issuperset(("UTC",))
    for lazy_dict in (pytz.country_timezones, pytz.country_names):
        lazy_dict.get("DE")


def _load(key: str) -> BinaryIO:
    table = TABLES.get(key)
    if table is None:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
    return io.BytesIO(table)


def _names() -> set[str]:
    return {
        name for name in TABLES if not name.startswith(("posix", "right/")) and name != "Factory"
    }


def _open_for_pytz(name: str) -> BinaryIO:
    data = TABLES.get(name) or _FILES.get(name)
    if data is None:
        raise FileNotFoundError(f"no such time zone: {name}")
    return io.BytesIO(data)


def _exists(name: str) -> bool:
    return name in TABLES or name in _FILES


def _load_for_dateutil(key: str) -> Any:
    table = TABLES.get(key)
    if table is None:
        raise dateutil_zones.TZFileNotFound("Time zone not found: %s", zone_key=key)
    return io.BytesIO(table)
