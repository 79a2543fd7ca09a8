"""Jars of other emulators: what Maven brings is what the lock names, or nothing."""

from pathlib import Path

import pytest

from infra.build import jars
from infra.build.jars import ALL, Jars, WrongJars

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file."""
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "a.jar").write_text("hello")
    return tmp_path / "jars"


def test_what_the_lock_names_is_kept(folder: Path) -> None:
    """Nothing is said of it."""
    jars.verify(folder, {"a.jar": HELLO})

    assert folder.is_dir()


@pytest.mark.parametrize(
    "locked",
    [{"a.jar": "0" * 64}, {}, {"a.jar": HELLO, "b.jar": HELLO}],
    ids=["another text", "not in the lock", "one too few"],
)
def test_anything_else_is_removed_and_named(folder: Path, locked: dict[str, str]) -> None:
    """A registry that was broken into must not run code here."""
    with pytest.raises(WrongJars, match=r"[ab]\.jar"):
        jars.verify(folder, locked)

    assert not folder.exists()


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_every_lock_has_hashes_only(each: Jars) -> None:
    """SHA-256, of at least the emulator's own jar."""
    assert len(each.locked) > 1
    assert {64} == {len(digest) for digest in each.locked.values()}
