"""Compares the pinned packages with the list of advisories: `python -m infra.build.advisories`.

The list is requirements/advisories.toml. People bring it up to date by reading its sources; this
program asks no network. It fails if a pinned version is affected and the list gives no reason why
that version may stay. A list that has not been read for long is a warning only, because a commit
that has passed must pass again on any later day.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from infra.build.locks import normalised
from infra.build.locks import pins as pins_of

ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = ROOT / "requirements" / "advisories.toml"
# Packages that ship with the sandbox or build it. No other package comes near users' code.
SANDBOX_LOCKS: Final = tuple(
    ROOT / "requirements" / f"{name}.txt" for name in ("sandbox", "engine", "guest", "guest-tools")
)
LOCKS: Final = tuple(sorted((ROOT / "requirements").glob("*.txt")))
OVERDUE_DAYS: Final = 45  # wasmtime has a release each month, and fixes in between
_NUMBERS: Final = re.compile(r"\d+(\.\d+)*")
Pins = Mapping[str, frozenset[str]]


class ListBroken(Exception):
    """The list is malformed; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of affected versions, as tuples of their numbers."""

    start: tuple[int, ...]  # the first affected version
    fixed: tuple[int, ...] | None  # the first version with the fix; None while there is none

    def holds(self, version: tuple[int, ...]) -> bool:
        """Whether the version is in the range."""
        return self.start <= version and (self.fixed is None or version < self.fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One fault of one package."""

    package: str  # its name, normalised as in PEP 503
    id: str  # such as a CVE's or a GHSA's
    affected: tuple[Span, ...]
    what: str  # the fault, in a few words
    for_us: str  # what it means for this project
    accepted: str  # why an affected version may stay pinned; empty if it may not


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryList:
    """The list of advisories."""

    read_on: date  # the day on which somebody last read the sources
    watched: frozenset[str]  # packages whose sources were read that day; most have no advisory
    advisories: tuple[Advisory, ...]
    # For a package that holds another program: by its name and pinned version, that program's
    # version.
    holds: Mapping[tuple[str, str], str]


def load(path: Path = LIST) -> AdvisoryList:
    """Read the list.

    Raises:
        ListBroken: it is not TOML, lacks a key, or has a version that is not made of numbers.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return AdvisoryList(
            read_on=document["read_on"],
            watched=frozenset(map(normalised, document["watched"])),
            advisories=tuple(_advisory(raw) for raw in document["advisory"]),
            holds={
                (normalised(raw["package"]), raw["version"]): raw["holds"]
                for raw in document.get("holds", ())
            },
        )
    except KeyError as problem:
        raise ListBroken(f"{path.name} lacks {problem}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ListBroken(f"{path.name} is not TOML: {problem}") from problem


def pins(locks: Iterable[Path] = LOCKS) -> Pins:
    """Every version that these lock files of pip pin, by the package's name."""
    versions_by_name: dict[str, set[str]] = {}
    for lock in locks:
        for pin in pins_of(lock):
            versions_by_name.setdefault(pin.name, set()).add(pin.version)
    return {name: frozenset(versions) for name, versions in versions_by_name.items()}


def unwatched(listing: AdvisoryList, pinned_versions: Pins) -> list[str]:
    """The pinned packages that the list does not watch."""
    return sorted(pinned_versions.keys() - listing.watched)


def unexplained(listing: AdvisoryList, pinned_versions: Pins) -> list[str]:
    """One sentence for each thing that is wrong.

    Either an affected version is pinned and the list gives no reason for that, or the list gives a
    reason and no affected version is pinned.
    """
    sentences = list(_unread(listing, pinned_versions))
    for each in listing.advisories:
        versions = sorted(_versions(listing, pinned_versions, each.package))
        hits = [name for name, version in versions if _is_hit(each, version)]
        if hits and not each.accepted:
            sentences.append(f"{', '.join(hits)}: {each.id}, {each.what}")
        if each.accepted and versions and not hits:
            sentences.append(
                f"{each.id} is accepted for {each.package}, and no pinned version needs it"
            )
    return sentences


def overdue(listing: AdvisoryList, *, today: date) -> str:
    """A sentence that says that the list is too old; empty if it is not."""
    age_days = (today - listing.read_on).days
    if age_days <= OVERDUE_DAYS:
        return ""
    return (
        f"the list of advisories was last read against its sources {age_days} days ago:"
        " do it now, as docs/howto/update-the-sandbox.md says"
    )


def _advisory(raw: Mapping[str, Any]) -> Advisory:
    return Advisory(
        package=normalised(raw["package"]),
        id=raw["id"],
        affected=tuple(
            Span(
                start=_numbers(span["from"]),
                fixed=None if span.get("fixed") is None else _numbers(span["fixed"]),
            )
            for span in raw["affected"]
        ),
        what=raw["what"],
        for_us=raw["for_us"],
        accepted=raw.get("accepted", ""),
    )


def _unread(listing: AdvisoryList, pinned_versions: Pins) -> Iterator[str]:
    """A sentence for each pinned package of which the list does not say which version it holds."""
    for package in sorted({package for package, _ in listing.holds}):
        for version in sorted(pinned_versions.get(package, ())):
            if (package, version) not in listing.holds:
                yield f"{package} {version}: look up which version it holds, add it to [[holds]]"


def _versions(
    listing: AdvisoryList, pinned_versions: Pins, package: str
) -> Iterator[tuple[str, str]]:
    """Each pinned version of a package: the words for it, and the version that it holds."""
    for version in pinned_versions.get(package, ()):
        holds = listing.holds.get((package, version), version)
        inside = "" if holds == version else f", which holds {holds}"
        yield f"{package} {version}{inside}", holds


def _is_hit(advisory: Advisory, version: str) -> bool:
    numbers = _numbers(version)
    return any(span.holds(numbers) for span in advisory.affected)


def _numbers(version: str) -> tuple[int, ...]:
    if not _NUMBERS.fullmatch(version):
        raise ListBroken(f"{version!r} is not made of numbers, so nobody can say what comes first")
    numbers = [int(part) for part in version.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:  # 9.0 and 9.0.0 are the same
        del numbers[-1]
    return tuple(numbers)


def _lines(listing: AdvisoryList, problems: Iterable[str], *, today: date) -> Iterator[str]:
    for problem in problems:
        yield f"advisories: {problem}"
    if late := overdue(listing, today=today):
        yield f"advisories: WARNING: {late}"


def main() -> int:
    """Print what is wrong, and give the exit status: 1 if `unexplained` finds something."""
    listing = load()
    problems = unexplained(listing, pins())
    for line in _lines(listing, problems, today=datetime.now(UTC).date()):
        sys.stderr.write(f"{line}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
