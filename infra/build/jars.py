"""Fetches the jars of the emulators by other hands, which `make test-emulators` runs on.

Maven resolves them by the `pom.xml` of each in requirements/jars; every file that it brings is held
against the hash beside it. The versions of what they need are pinned by these hashes, too: another
one is refused. Standard library only.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.build.commands import ROOT, run, say

# Pinned, because each release of the plugin decides what "copy" means.
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


class WrongJars(Exception):
    """Maven brought other files than the lock names; the message names them."""


@dataclass(frozen=True, slots=True)
class Jars:
    """The jars of one emulator."""

    name: str  # of its folder in requirements/jars

    @property
    def pom(self) -> Path:
        """What Maven resolves."""
        return ROOT / "requirements" / "jars" / self.name / "pom.xml"

    @property
    def lock(self) -> Path:
        """The hash of each file, in the form of `sha256sum`."""
        return self.pom.with_name("jars.txt")

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return ROOT / ".cloud" / "jars" / self.name

    @property
    def ready(self) -> bool:
        """Whether they are here, just as the lock has them."""
        return hashes(self.folder) == self.locked

    @property
    def locked(self) -> dict[str, str]:
        """The hash of each file by its name, as the lock has it."""
        lines = self.lock.read_text().splitlines()
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


DYNAMODB_LOCAL: Final = Jars("dynamodb-local")
ELASTICMQ: Final = Jars("elasticmq")
ALL: Final = (DYNAMODB_LOCAL, ELASTICMQ)


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder by its name; none if there is no folder."""
    if not folder.is_dir():
        return {}
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def missing_program() -> str:
    """Why the emulators cannot be run here: the program that is not installed; empty if none."""
    lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} not installed" if lacking else ""


def ensure(jars: Jars) -> None:
    """Fetch the jars, unless they are here.

    Raises:
        WrongJars: Maven brought others than the lock names; nothing of them is kept.
        SystemExit: Maven failed; the message has its last lines.
    """
    if jars.ready:
        return
    say(f"setup: {jars.name}: fetching {len(jars.locked)} jars")
    coming = jars.folder.with_suffix(".coming")
    for folder in (jars.folder, coming):
        shutil.rmtree(folder, ignore_errors=True)
    options = ["--quiet", "--batch-mode", f"-DoutputDirectory={coming}", "-DincludeScope=runtime"]
    run(["mvn", *options, "--file", str(jars.pom), PLUGIN])
    verify(coming, jars.locked)
    coming.rename(jars.folder)


def verify(folder: Path, locked: dict[str, str]) -> None:
    """See that a folder has just the files of a lock; else remove it.

    Raises:
        WrongJars: a file is another one, is not in the lock, or is not there.
    """
    brought = hashes(folder)
    wrong = sorted({name for name, _ in brought.items() ^ locked.items()})
    if wrong:
        shutil.rmtree(folder, ignore_errors=True)
        raise WrongJars(f"not as their lock says, and removed: {', '.join(wrong)}")


def main() -> None:
    """Fetch all jars. Where they are not to be had, say so and end with 0: the tests then skip."""
    if missing := missing_program():
        say(f"NO OTHER EMULATORS: {missing}; the tests on them are skipped")
        return
    for jars in ALL:
        try:
            ensure(jars)
        except SystemExit as problem:
            say(f"NO {jars.name.upper()}: Maven cannot fetch it; its tests are skipped\n{problem}")


if __name__ == "__main__":
    main()
