"""Makes virtual environments from their hash-locked requirements (standard library only).

.venv holds the product and its tools. .cloud/venv holds the local cloud and `sam`, whose pinned
dependencies conflict with ours. .cloud/guest-tools holds the tools that make the sandbox's guest.
.cloud/contract holds what tries the API by its OpenAPI document alone; `make test` makes it. Others
are made on request, too: `python3 -m infra.build.venvs fuzz|peers|scan|warehouse-peer`. An
environment is made again when its lock or its Python changes: by uv if this machine has it, else by
venv and pip.
"""

import hashlib
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.build.commands import ROOT, run, say

LAUNCHER: Final = """#!{python}
import sys

from cli.main import main

sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One virtual environment, and the lock that it is made from."""

    path: Path
    lock: Path

    @property
    def python(self) -> Path:
        """The path of its interpreter."""
        return self.path / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """The file that says what the environment was made from.

        It is written last: an environment that is not complete has none, and is made again.
        """
        return self.path / ".made-from"

    @property
    def recipe(self) -> str:
        """What the stamp has to say; another text means that it has to be made again."""
        return f"{sys.version_info[:3]} {hashlib.sha256(self.lock.read_bytes()).hexdigest()}"

    @property
    def ready(self) -> bool:
        """Whether it exists and is up to date."""
        return self.stamp.exists() and self.stamp.read_text() == self.recipe


DEV: Final = Environment(path=ROOT / ".venv", lock=ROOT / "requirements" / "dev.txt")
CLOUD: Final = Environment(path=ROOT / ".cloud" / "venv", lock=ROOT / "requirements" / "cloud.txt")
EXTRA: Final = {
    name: Environment(path=ROOT / ".cloud" / name, lock=ROOT / "requirements" / f"{name}.txt")
    for name in ("contract", "fuzz", "guest-tools", "peers", "scan", "warehouse-peer")
}
CONTRACT: Final = EXTRA["contract"]


def ensure(environment: Environment) -> None:
    """Make the environment, unless it exists and is up to date."""
    if not environment.ready:
        make(environment)


def make(environment: Environment) -> None:
    """Make the environment from nothing. Prints its progress and how long it took."""
    began = time.monotonic()
    name = str(environment.path.relative_to(ROOT))
    total = environment.lock.read_text().count("==")
    shutil.rmtree(environment.path, ignore_errors=True)
    environment.path.parent.mkdir(exist_ok=True)
    # The lock lists every dependency, so pip need not resolve them.
    options = ["--no-deps", "--require-hashes", "--requirement", str(environment.lock)]
    if uv := shutil.which("uv"):
        run([uv, "venv", "--quiet", "--python", sys.executable, str(environment.path)])
        install = [uv, "pip", "install", "--python", str(environment.python), *options]
    else:
        run([sys.executable, "-m", "venv", str(environment.path)])
        quiet = ["--no-compile", "--disable-pip-version-check", "--no-input"]
        install = [str(environment.python), "-m", "pip", "install", *quiet, *options]
    _say(f"{name}: installing {total} packages")
    run(install, heartbeat=lambda lines: _say(f"{name}: {_progress(lines, total)}"))
    environment.stamp.write_text(environment.recipe)
    _say(f"{name}: ready after {time.monotonic() - began:.0f} s")


def link_project() -> None:
    """Put the project on .venv's path, and the `penstock` command into its bin."""
    [packages] = DEV.path.glob("lib/python*/site-packages")
    (packages / "penstock.pth").write_text(f"{ROOT}\n")
    launcher = DEV.path / "bin" / "penstock"
    launcher.write_text(LAUNCHER.format(python=DEV.python))
    launcher.chmod(0o755)


def _progress(lines: Sequence[str], total: int) -> str:
    fetched_count = sum(line.startswith(("Collecting ", "Requirement ")) for line in lines)
    if any(line.startswith("Installing ") for line in lines):
        return "unpacking"
    return f"{fetched_count} of {total} fetched" if fetched_count else "fetching"


def _say(line: str) -> None:
    say(f"setup: {line}")


def main() -> None:
    """Make the extra environment that the command line names, unless it is up to date."""
    match sys.argv[1:]:
        case [name] if name in EXTRA:
            ensure(EXTRA[name])
        case _:
            raise SystemExit(f"usage: venvs.py {'|'.join(EXTRA)}")


if __name__ == "__main__":
    main()
