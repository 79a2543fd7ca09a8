"""Compares the pinned packages with what is known against them: `python -m infra.build.advisories`.

What is known stands in requirements/advisories.toml, which people bring up to date by reading its
sources; nothing here asks the network. That the list grows old is a warning and never a failure:
a commit that passed must pass again whenever it is looked at. What fails is a pinned version that
the list says is affected, without a written reason why it may stay.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = ROOT / "requirements" / "advisories.toml"
# What ships with the sandbox, or makes what does; other packages meet no users' code.
SANDBOX_LOCKS: Final = tuple(
    ROOT / "requirements" / f"{name}.txt" for name in ("sandbox", "engine", "guest", "guest-tools")
)
LOCKS: Final = tuple(sorted((ROOT / "requirements").glob("*.txt")))
OVERDUE_DAYS: Final = 45  # wasmtime has a release a month, and fixes in between
_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_NUMBERS: Final = re.compile(r"\d+(\.\d+)*")
Pins = Mapping[str, frozenset[str]]


class ListBroken(Exception):
    """The list is not what it should be; the text says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Versions from one on until the one that has the fix; `fixed` None while there is none."""

    start: tuple[int, ...]
    fixed: tuple[int, ...] | None

    def holds(self, version: tuple[int, ...]) -> bool:
        """Whether the version is one of them."""
        return self.start <= version and (self.fixed is None or version < self.fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One fault of one package, and what it means for us.

    `accepted` says why an affected version may stay pinned; it is empty where none may.
    """

    package: str
    id: str
    affected: tuple[Span, ...]
    what: str
    for_us: str
    accepted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list. `holds` maps (package, pinned version) to the version that it really holds.

    `watched` are the packages whose sources were read on that day; most have no advisory.
    """

    read_on: date
    watched: frozenset[str]
    advisories: tuple[Advisory, ...]
    holds: Mapping[tuple[str, str], str]


def load(path: Path = LIST) -> Listed:
    """The list.

    Raises:
        ListBroken: it is not TOML, lacks a key, or has a version that is not made of numbers.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return Listed(
            read_on=document["read_on"],
            watched=frozenset(map(_name, document["watched"])),
            advisories=tuple(_advisory(raw) for raw in document["advisory"]),
            holds={
                (_name(raw["package"]), raw["version"]): raw["holds"]
                for raw in document.get("holds", ())
            },
        )
    except KeyError as problem:
        raise ListBroken(f"{path.name} lacks {problem}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ListBroken(f"{path.name} is not TOML: {problem}") from problem


def pins(locks: Iterable[Path] = LOCKS) -> Pins:
    """Every version of every package that one of these locks of pip pins."""
    found: dict[str, set[str]] = {}
    for lock in locks:
        for name, version in _PIN.findall(lock.read_text(encoding="utf-8")):
            found.setdefault(_name(name), set()).add(version)
    return {name: frozenset(versions) for name, versions in found.items()}


def unwatched(listed: Listed, pinned: Pins) -> list[str]:
    """The packages that nobody has said to read about."""
    return sorted(pinned.keys() - listed.watched)


def unexplained(listed: Listed, pinned: Pins) -> list[str]:
    """A sentence for each affected version without a reason, and each reason without a version."""
    found = list(_unread(listed, pinned))
    for each in listed.advisories:
        versions = sorted(_versions(listed, pinned, each.package))
        hit = [name for name, version in versions if _is_hit(each, version)]
        if hit and not each.accepted:
            found.append(f"{', '.join(hit)}: {each.id}, {each.what}")
        if each.accepted and versions and not hit:
            found.append(
                f"{each.id} is accepted for {each.package}, and no pinned version needs it"
            )
    return found


def overdue(listed: Listed, *, today: date) -> str:
    """What to do about a list that is too old; empty while it is not."""
    age_days = (today - listed.read_on).days
    if age_days <= OVERDUE_DAYS:
        return ""
    return (
        f"the list of advisories was last read against its sources {age_days} days ago:"
        " do it now, as docs/howto/update-the-sandbox.md says"
    )


def _advisory(raw: Mapping[str, Any]) -> Advisory:
    return Advisory(
        package=_name(raw["package"]),
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


def _unread(listed: Listed, pinned: Pins) -> Iterator[str]:
    """What is pinned of a package that holds another, and nobody has looked into."""
    for package in sorted({package for package, _ in listed.holds}):
        for version in sorted(pinned.get(package, ())):
            if (package, version) not in listed.holds:
                yield f"{package} {version} holds an unknown version: look, and add it to [[holds]]"


def _versions(listed: Listed, pinned: Pins, package: str) -> Iterator[tuple[str, str]]:
    """Each pinned version of a package as one says it, and what it holds."""
    for version in pinned.get(package, ()):
        holds = listed.holds.get((package, version), version)
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


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _lines(listed: Listed, problems: Iterable[str], *, today: date) -> Iterator[str]:
    for problem in problems:
        yield f"advisories: {problem}"
    if late := overdue(listed, today=today):
        yield f"advisories: WARNING: {late}"


def main() -> int:
    """Say what is wrong; 1 when a pinned version is affected and nobody says why it may stay."""
    listed = load()
    problems = unexplained(listed, pins())
    for line in _lines(listed, problems, today=datetime.now(UTC).date()):
        sys.stderr.write(f"{line}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
