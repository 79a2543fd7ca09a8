"""Makes the project's two virtual environments from their hash-locked requirements.

    python3 infra/build/venvs.py [NAME]     (what `make setup` runs; standard library only)

.venv holds the product and its tools; .cloud/venv holds the local cloud and `sam`, whose pinned
dependencies would fight with ours. With a name, only that one of the extra environments is made:
`peers` for `make bench`, `fuzz` for `make fuzz`. Each is made anew when its lock or Python changes,
the first two at the same time, by uv when it is here and by venv and pip otherwise.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[2]
OLDEST_PYTHON: Final = (3, 11)
HEARTBEAT_S: Final = 5.0
LAUNCHER: Final = """#!{python}
import sys

from cli.main import main

sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One virtual environment and the lock it is made from."""

    path: Path
    lock: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """Written last, so that a half-made environment is made again."""
        return self.path / ".made-from"

    @property
    def recipe(self) -> str:
        """Changes when it has to be made anew."""
        return f"{sys.version_info[:3]} {hashlib.sha256(self.lock.read_bytes()).hexdigest()}"

    @property
    def ready(self) -> bool:
        """Whether it is there and up to date."""
        return self.stamp.exists() and self.stamp.read_text() == self.recipe


DEV: Final = Environment(path=ROOT / ".venv", lock=ROOT / "requirements" / "dev.txt")
CLOUD: Final = Environment(path=ROOT / ".cloud" / "venv", lock=ROOT / "requirements" / "cloud.txt")
EXTRA: Final = {
    name: Environment(path=ROOT / ".cloud" / name, lock=ROOT / "requirements" / f"{name}.txt")
    for name in ("peers", "fuzz")
}


def make(environment: Environment) -> None:
    """Make it anew; says what it is doing, and how long it took."""
    began = time.monotonic()
    name = str(environment.path.relative_to(ROOT))
    total = environment.lock.read_text().count("==")
    shutil.rmtree(environment.path, ignore_errors=True)
    environment.path.parent.mkdir(exist_ok=True)
    # the lock is complete: no resolver needs to look again
    locked = ["--no-deps", "--require-hashes", "--requirement", str(environment.lock)]
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(environment.path)])
        install = [uv, "pip", "install", "--python", str(environment.python), *locked]
    else:
        _run([sys.executable, "-m", "venv", str(environment.path)])
        quiet = ["--no-compile", "--disable-pip-version-check", "--no-input"]
        install = [str(environment.python), "-m", "pip", "install", *quiet, *locked]
    _say(f"{name}: installing {total} packages")
    _run(install, watched_as=name, total=total)
    environment.stamp.write_text(environment.recipe)
    _say(f"{name}: ready after {time.monotonic() - began:.0f} s")


def link_project() -> None:
    """Put the project on .venv's path, and the `penstock` command into its bin."""
    [packages] = DEV.path.glob("lib/python*/site-packages")
    (packages / "penstock.pth").write_text(f"{ROOT}\n")
    launcher = DEV.path / "bin" / "penstock"
    launcher.write_text(LAUNCHER.format(python=DEV.python))
    launcher.chmod(0o755)


def prefetch_bundles() -> None:
    """Make the layers of the local cloud, so that the first `up` needs no network."""
    bundle = str(ROOT / "infra" / "build" / "bundle.py")
    layers = ["DependenciesLayer", "WarehouseLayer", "SandboxFunction"]
    host = {**os.environ, "PENSTOCK_BUILD_FOR": "host"}
    _run([str(CLOUD.python), bundle, "--prefetch", *layers], env=host)


def _run(
    command: list[str],
    *,
    watched_as: str = "",
    total: int = 0,
    env: dict[str, str] | None = None,
) -> None:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=ROOT
    )
    lines: list[str] = []
    reader = threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True)
    reader.start()
    while True:
        try:
            status = process.wait(timeout=HEARTBEAT_S)
        except subprocess.TimeoutExpired:
            if watched_as:
                _say(f"{watched_as}: {_progress(lines, total)}")
            continue
        break
    reader.join()
    if status != 0:
        raise SystemExit(f"{' '.join(command)}\nended with {status}:\n" + "".join(lines[-30:]))


def _progress(lines: list[str], total: int) -> str:
    fetched = sum(line.startswith(("Collecting ", "Requirement ")) for line in lines)
    if any(line.startswith("Installing ") for line in lines):
        return "unpacking"
    return f"{fetched} of {total} fetched" if fetched else "fetching"


def _collect(stream: IO[str] | None, lines: list[str]) -> None:
    if stream is not None:
        lines.extend(stream)  # line by line: the heartbeat looks on


def _say(line: str) -> None:
    sys.stderr.write(f"setup: {line}\n")
    sys.stderr.flush()


def main() -> None:
    """Make what is missing or out of date."""
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit("setup: Python 3.11 or newer is needed; make PYTHON=… names one")
    if named := sys.argv[1:]:
        if not EXTRA[named[0]].ready:
            make(EXTRA[named[0]])
        return
    stale = [each for each in (DEV, CLOUD) if not each.ready]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(make, each) for each in stale]:
            done.result()
    link_project()
    prefetch_bundles()


if __name__ == "__main__":
    main()
