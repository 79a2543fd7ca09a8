"""The code of another release, out of the history of this repository."""

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
# The last commit whose data migration 1 changes; what a release is compared with until there is a
# tag before it.
FIRST: Final = "7c6af101e99efc194b212d0f7f6cc1fcd7667245"
NEEDED: Final = ("runtime", "tests", "infra", "penstock", "functions", "sandbox")
SCRIPT: Final = Path(__file__).with_name("installation.py")


@dataclass(frozen=True, slots=True)
class Release:
    """A folder with the code of a release."""

    folder: Path

    def run(self, what: str, given: str = "") -> str:
        """What `tests.upgrade.installation` prints when this release runs it."""
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", "tests.upgrade.installation", what],
            input=given,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout


def last_tag() -> str:
    """The release before this commit: the last tag, or `FIRST` while there is none."""
    told = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    return told.stdout.decode().strip() if told.returncode == 0 else FIRST


def checked_out(commit: str, folder: Path, *, everything: bool = False) -> Release:
    """The code of a commit, with this release's script beside it.

    Args:
        commit: its tag or hash.
        folder: where it is put.
        everything: all files of the commit; without it only what the script needs.
    """
    packed = _git("archive", commit, *(() if everything else NEEDED))
    if packed.returncode != 0:
        pytest.skip(f"NO RELEASE BEFORE: commit {commit} is not in this clone; fetch all of it")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    script = folder / "tests" / "upgrade" / SCRIPT.name
    script.parent.mkdir(exist_ok=True)
    script.write_bytes(SCRIPT.read_bytes())
    return Release(folder)


def text(commit: str, path: str) -> str:
    """What a file of a commit had in it; the test is skipped where the commit is not there."""
    shown = _git("show", f"{commit}:{path}")
    if shown.returncode != 0:
        pytest.skip(f"NO RELEASE BEFORE: commit {commit} is not in this clone; fetch all of it")
    return shown.stdout.decode()


def _git(*words: str) -> "subprocess.CompletedProcess[bytes]":
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - git
