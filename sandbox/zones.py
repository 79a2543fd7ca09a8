"""Reads the tables of time zones. The parent does this, because a worker cannot open files."""

from __future__ import annotations

import importlib.util
import re
import zoneinfo
from pathlib import Path
from typing import Any, Final

_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9][A-Za-z0-9_+-]{0,31}){0,2}")
_MAX_TABLE_BYTES: Final = 65536  # the largest that is in use has less than 4 KB


def read(key: Any) -> bytes | None:
    """The table of this zone in the TZif format (RFC 8536); None if there is no such zone.

    Args:
        key: the zone's name, such as `Europe/Paris`, from a worker: it may be anything at all.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return None
    for folder in _folders():
        path = folder / key
        if path.is_file():
            table = path.read_bytes()
            if table[:4] == b"TZif" and len(table) <= _MAX_TABLE_BYTES:
                return table
    return None


def _folders() -> list[Path]:
    folders = [Path(folder) for folder in zoneinfo.TZPATH]
    package = importlib.util.find_spec("tzdata")
    if package is not None and package.submodule_search_locations:
        folders += [Path(place) / "zoneinfo" for place in package.submodule_search_locations]
    return folders
