"""Reads the lock files of pip in requirements/ (standard library only)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PIN: Final = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(.*(?:\n +--hash=.*)*)", re.MULTILINE
)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package at the version that a lock pins."""

    name: str  # normalised as in PEP 503
    version: str
    sha256: tuple[str, ...]  # of each file that the lock allows


def pins(lock: Path) -> Iterator[Pin]:
    """The pins of a lock, in its order."""
    for written in _PIN.finditer(lock.read_text(encoding="utf-8")):
        hashes = tuple(_HASH.findall(written[3]))
        yield Pin(name=normalised(written[1]), version=written[2], sha256=hashes)


def normalised(package: str) -> str:
    """The name of a package as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", package).lower()
