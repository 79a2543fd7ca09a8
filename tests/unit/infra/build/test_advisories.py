"""Pinned packages against the list of advisories: what fails, and what only warns."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.build import advisories
from infra.build.advisories import AdvisoryList, ListBroken

READ_ON = date(2026, 11, 25)
LIST = """
read_on = 2026-11-25
watched = ["engine", "Other_Package"]

[[advisory]]
package = "engine"
id = "X-1"
date = 2026-10-01
affected = [{ from = "0", fixed = "36.0.7" }, { from = "43.0", fixed = "43.0.1" }]
what = "a way out"
for_us = "a way out"
"""


def listed(tmp_path: Path, text: str = LIST) -> AdvisoryList:
    """A list with this text."""
    path = tmp_path / "advisories.toml"
    path.write_text(text, encoding="utf-8")
    return advisories.load(path)


def test_no_pinned_version_is_affected_without_a_written_reason() -> None:
    """Bump it, or say beside the advisory (`accepted`) why it may stay."""
    assert [] == advisories.unexplained(advisories.load(), advisories.pins())


def test_everything_that_ships_with_the_sandbox_is_watched() -> None:
    """What nobody reads about can be broken for years."""
    pinned = advisories.pins(advisories.SANDBOX_LOCKS)

    assert {"wasmtime", "componentize-py", "restrictedpython"} <= pinned.keys()
    assert [] == advisories.unwatched(advisories.load(), pinned)


def test_each_advisory_of_the_list_stands_there_once_and_says_what_it_means() -> None:
    """An id without a meaning tells nobody whether to hurry."""
    known = advisories.load().advisories
    ids = [each.id for each in known]

    assert sorted(set(ids)) == sorted(ids)
    assert [] == [each.id for each in known if not (each.what and each.for_us and each.affected)]
    assert [] == [each.id for each in known if each.package not in advisories.load().watched]


@pytest.mark.parametrize(
    ("version", "faults"),
    [
        ("1", 1),
        ("36.0.6", 1),
        ("36.0.7", 0),
        ("36.0.10", 0),
        ("42.9", 0),
        ("43", 1),
        ("43.0.0", 1),
        ("43.0.1", 0),
    ],
)
def test_a_version_is_affected_until_the_fix_of_its_own_series(
    version: str, faults: int, tmp_path: Path
) -> None:
    """Versions are numbers, not texts: 36.0.10 comes after 36.0.7."""
    found = advisories.unexplained(listed(tmp_path), {"engine": frozenset({version})})

    assert [f"engine {version}: X-1, a way out"] * faults == found


def test_an_advisory_without_a_fix_affects_every_later_version(tmp_path: Path) -> None:
    """Nothing to bump to is no reason to say nothing."""
    text = LIST.replace(', fixed = "43.0.1"', "")

    assert advisories.unexplained(listed(tmp_path, text), {"engine": frozenset({"99.1"})})


def test_a_reason_holds_while_a_version_needs_it_and_no_longer(tmp_path: Path) -> None:
    """A reason that is left behind excuses the next fault that it was never written for."""
    known = listed(tmp_path, LIST + 'accepted = "not reachable"\n')

    assert [] == advisories.unexplained(known, {"engine": frozenset({"43.0"})})
    assert [] == advisories.unexplained(known, {"other": frozenset({"1"})})
    [left] = advisories.unexplained(known, {"engine": frozenset({"43.0.1"})})
    assert "X-1 is accepted" in left


def test_what_a_package_carries_is_judged_by_its_own_version(tmp_path: Path) -> None:
    """A wheel may lag behind the library in it: the fault is in the library."""
    holds = '[[holds]]\npackage = "engine"\nversion = "43.0.1"\nholds = "43.0.0"\n'
    known = listed(tmp_path, LIST + holds)

    [found] = advisories.unexplained(known, {"engine": frozenset({"43.0.1"})})
    [unread] = advisories.unexplained(known, {"engine": frozenset({"44.0"})})

    assert "engine 43.0.1, which holds 43.0.0: X-1" in found
    assert "engine 44.0: look up which version it holds" in unread


def test_an_old_list_warns_and_breaks_nothing(tmp_path: Path) -> None:
    """A commit that passed must pass again next year, or nobody can look for what broke."""
    known = listed(tmp_path)

    assert "" == advisories.overdue(known, today=READ_ON + timedelta(days=45))
    late = advisories.overdue(known, today=READ_ON + timedelta(days=46))
    assert "46 days ago" in late
    assert "docs/howto/update-the-sandbox.md" in late


def test_what_the_locks_pin_is_found_under_one_name(tmp_path: Path) -> None:
    """Registries know a package by several spellings."""
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "Other_Package==1.2 \\\n    --hash=sha256:00\nother.package==1.3 ; python_version < '4'\n",
        encoding="utf-8",
    )
    pinned = advisories.pins([lock])

    assert {"other-package": {"1.2", "1.3"}} == pinned
    assert [] == advisories.unwatched(listed(tmp_path), pinned)


@pytest.mark.parametrize(
    "text",
    [
        "read_on = [",
        LIST.replace("read_on", "written_on"),
        LIST.replace('fixed = "36.0.7"', 'fixed = "36.0rc1"'),
        LIST.replace('what = "a way out"', ""),
    ],
)
def test_a_list_that_cannot_be_read_is_no_empty_list(text: str, tmp_path: Path) -> None:
    """Silence about a fault must mean that there is none."""
    with pytest.raises(ListBroken):
        listed(tmp_path, text)
