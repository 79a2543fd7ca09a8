"""Makes the component: CPython in WebAssembly, with the guest imported and its heap stored.

The component holds the modules that are imported while it is made, and can import no others later.
So it is made from a tree of its own that holds three things only: `sandbox/guest` as the package
`guest`, `sandbox/sdk` as the package `sdk`, and the locked packages for user code, without their
native parts.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.build.commands import ROOT, run, say
from infra.build.venvs import EXTRA, ensure

TOOLS: Final = EXTRA["guest-tools"]
APP: Final = "guest.app"
WORLD: Final = "guest"
WIT: Final = "guest.wit"
# Every machine takes the wheels of one platform, so that the guest holds the same files wherever it
# is made. Their native parts are removed; PyYAML and MarkupSafe work in pure Python without them.
WHEELS_FOR: Final = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")
GUEST_PYTHON: Final = "3.14"
NATIVE: Final = ("*.so", "*.pyd", "*.dylib", "*.pyx", "*.c", "*.h")
_BANNER: Final = re.compile(rb"(3\.\d+\.\d+) \([^)\0]{1,40}\) \[Clang ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a guest is made from."""

    # Becomes the package `guest`. Its module `app` is started, and its `guest.wit` lists what the
    # component imports and exports.
    guest: Path = ROOT / "sandbox" / "guest"
    # Becomes the package `sdk`; None makes a guest without it.
    sdk: Path | None = ROOT / "sandbox" / "sdk"
    # The hash-locked packages for user code; None makes a guest without any.
    packages: Path | None = ROOT / "requirements" / "guest.txt"

    def files(self) -> Iterator[Path]:
        """Every file that the guest is made from, always in the same order."""
        for folder in (self.guest, self.sdk):
            if folder is not None:
                paths = sorted(folder.rglob("*"))
                yield from (each for each in paths if each.is_file() and _belongs(each))
        if self.packages is not None:
            yield self.packages


def make(sources: Sources, *, into: Path) -> None:
    """Make the component, and write it to the file `into`. Prints its progress."""
    began = time.monotonic()
    ensure(TOOLS)
    with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        tree, empty = Path(scratch, "tree"), Path(scratch, "empty")
        tree.mkdir()
        # componentize-py adds the packages of the environment that VIRTUAL_ENV names, or of the
        # machine's own Python if it names none. This environment has no packages.
        (empty / "lib" / "site-packages").mkdir(parents=True)
        plant(sources, tree=tree)
        say("guest: starting CPython in WebAssembly, and storing its heap")
        where = ["--wit-path", str(sources.guest / WIT), "--world", WORLD]
        paths = ["--python-path", str(tree), "--output", str(into)]
        tool = str(TOOLS.path / "bin" / "componentize-py")
        run(
            [str(TOOLS.python), "-I", tool, "--quiet", *where, "componentize", *paths, APP],
            env={"VIRTUAL_ENV": str(empty), "PATH": "", "TMPDIR": scratch},
            cwd=tree,
            heartbeat=lambda _: say(f"guest: at it for {time.monotonic() - began:.0f} s"),
        )
    say(f"guest: the component has {into.stat().st_size / 1e6:.1f} MB")


def plant(sources: Sources, *, tree: Path) -> None:
    """Copy everything that the guest may import into `tree`, and nothing else."""
    if sources.packages is not None:
        _install(sources.packages, into=tree)
    for name, folder in (("guest", sources.guest), ("sdk", sources.sdk)):
        if folder is not None:
            shutil.copytree(folder, tree / name, ignore=shutil.ignore_patterns("__pycache__"))


def python_version(wasm: bytes) -> str:
    """The version of the CPython in the component, from the banner among its bytes.

    Raises:
        SystemExit: there is no such banner.
    """
    match = _BANNER.search(wasm)
    if match is None:
        raise SystemExit("guest: the component does not say which Python it is")
    return match[1].decode()


def locked_versions(lock: Path) -> Mapping[str, str]:
    """The version of each package that a hash-locked requirements file pins, by its name."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE)
    return dict(sorted(pins))


def _install(lock: Path, *, into: Path) -> None:
    say(f"guest: fetching {len(locked_versions(lock))} packages for user code")
    pip = [str(TOOLS.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    strict = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
    python = ["--python-version", GUEST_PYTHON, "--implementation", "cp"]
    run([*pip, *strict, *WHEELS_FOR, *python, "--target", str(into), "--requirement", str(lock)])
    shutil.rmtree(into / "bin", ignore_errors=True)
    for pattern in NATIVE:
        for path in into.rglob(pattern):
            path.unlink()


def _belongs(path: Path) -> bool:
    return "__pycache__" not in path.parts
