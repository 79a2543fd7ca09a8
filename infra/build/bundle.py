"""Makes the bundles and layers that the template deploys, with their bytecode.

`sam build` runs this once for each function and layer, by the Makefile of its architecture:

    python -m infra.build.bundle <arm64 or x86_64> <LogicalId> <directory to fill>
    python -m infra.build.bundle --prefetch <LogicalId>…    only fills the cache, for this machine

Environment: PENSTOCK_BUILD_FOR is `cloud` (the default: Lambda's Python) or `host` (this machine
and this Python, for the local cloud). PENSTOCK_BUILD_WITHOUT_WASM=1 leaves the sandbox's engine
`wasm` out; without that variable, the build fails if the engine cannot be made.

Bundles contain bytecode because Lambda unpacks them read-only, and would have to compile the source
at every cold start, which then takes 1.0 s instead of 0.4 s. Python does not check the bytecode
against its source, because zipping changes the times of files.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.build.commands import ROOT, run, say
from infra.build.guest import artefacts
from infra.build.guest.lock import Differs
from infra.build.guest.machines import LAMBDA, Machine, NoGuestHere, this_machine
from infra.build.guest.native import NoCompiler

CACHE: Final = ROOT / ".cloud" / "bundles"
LAMBDA_PYTHON: Final = "3.13"
# The time of every file of a bundle, 2020-01-01 in Unix seconds: a zip has the times of its files.
MADE_AT_S: Final = 1_577_836_800
WHEEL_TAGS: Final = {
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What goes into one bundle or layer."""

    name: str
    ours: tuple[str, ...] = ()  # files and folders of this repository
    without: tuple[str, ...] = ()  # folders among them that stay out
    guest: bool = False  # whether the sandbox's guest goes in
    theirs: str = ""  # the file in requirements/ that locks other people's packages; empty for none
    inside: str = ""  # the folder of the artefact that all of this goes into; empty for its root
    mounted_at: str = "/var/task"  # where Lambda unpacks the artefact: tracebacks show this path


FUNCTIONS: Final = Recipe(name="functions", ours=("functions", "runtime"))
SANDBOX: Final = Recipe(
    name="sandbox",
    ours=(
        "sandbox",
        "penstock",
        "runtime/__init__.py",
        "runtime/errors.py",
        "runtime/freshness.py",
        "runtime/egress",
    ),
    # The sources in sandbox/guest are inside the guest already. The folder of artefacts holds those
    # of this machine; `guest` adds those of the target.
    without=("sandbox/guest", "sandbox/engines/wasm/artefacts"),
    guest=True,
    theirs="sandbox.txt",
)
DEPENDENCIES: Final = Recipe(
    name="dependencies", theirs="layer.txt", inside="python", mounted_at="/opt/python"
)
WAREHOUSE: Final = Recipe(
    name="warehouse", theirs="warehouse.txt", inside="python", mounted_at="/opt/python"
)
SHIPPED: Final = (".py", ".json", ".toml", ".typed", ".pyi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the bundle will run."""

    name: str
    pip_options: tuple[str, ...]  # that make pip choose the wheels for it
    python: str | None  # the interpreter that makes its bytecode; None if this machine has none
    guest: Machine | NoGuestHere  # the machine that the guest is made for, or why there is none


def recipe_of(logical_id: str) -> Recipe:
    """The recipe of a resource in the template.

    Raises:
        SystemExit: there is none.
    """
    match logical_id:
        case "DependenciesLayer":
            return DEPENDENCIES
        case "WarehouseLayer":
            return WAREHOUSE
        case "SandboxFunction":
            return SANDBOX
        case _ if logical_id.endswith("Function"):
            return FUNCTIONS
        case _:
            raise SystemExit(f"bundle: the template has no {logical_id} that we know how to build")


def host() -> Target:
    """The target that is this machine and this Python."""
    tag = f"host-{platform.machine()}-{sys.implementation.cache_tag}"
    guest: Machine | NoGuestHere
    try:
        guest = this_machine()
    except NoGuestHere as reason:
        guest = reason
    return Target(name=tag, pip_options=(), python=sys.executable, guest=guest)


def cloud(architecture: str) -> Target:
    """The target that is Lambda, on `arm64` or `x86_64`."""
    platforms = [part for tag in WHEEL_TAGS[architecture] for part in ("--platform", tag)]
    python = find_python(LAMBDA_PYTHON)
    return Target(
        name=f"cloud-{architecture}-{LAMBDA_PYTHON}{'' if python else '-source'}",
        pip_options=(*platforms, "--python-version", LAMBDA_PYTHON, "--implementation", "cp"),
        python=python,
        guest=LAMBDA[architecture],
    )


def find_python(version: str) -> str | None:
    """The path of an interpreter of exactly this minor version; None if this machine has none."""
    candidates = [sys.executable, shutil.which(f"python{version}")]
    # pyenv puts a shim on the path, which runs only if this version is chosen for this folder. So
    # its real interpreters are candidates too.
    candidates += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    if uv := shutil.which("uv"):
        candidates.append(_output([uv, "python", "find", "--no-python-downloads", version]))
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        if candidate and _output([candidate, "-I", "-c", ask]) == version:
            return candidate
    return None


def build(recipe: Recipe, target: Target, *, into: Path | None) -> None:
    """Make a bundle, unless the cache has one from the same inputs, and link it into a folder.

    Args:
        recipe: what goes in.
        target: where it will run.
        into: the folder to fill; None fills the cache only.

    Raises:
        SystemExit: the guest cannot be made, or a command fails.
    """
    guest = guest_for(target) if recipe.guest else None
    with _only_one_of(recipe, target) as cache:
        bundle = cache / fingerprint(recipe, target, guest=guest)
        if not bundle.is_dir():
            for stale in cache.iterdir():
                shutil.rmtree(stale)
            _say(f"making the {recipe.name} bundle for {target.name}")
            staging = Path(tempfile.mkdtemp(dir=cache))
            fill(staging / recipe.inside, recipe=recipe, target=target, guest=guest)
            staging.chmod(0o755)
            staging.rename(bundle)
        if into is not None:
            shutil.copytree(bundle, into, copy_function=_link, dirs_exist_ok=True)


def fingerprint(recipe: Recipe, target: Target, *, guest: Path | None = None) -> str:
    """A hash of everything that goes into the bundle; `guest` is the folder of the artefacts."""
    digest = hashlib.sha256(f"{target.name}|{target.python}".encode())
    digest.update(Path(__file__).read_bytes())
    if recipe.theirs:
        digest.update((ROOT / "requirements" / recipe.theirs).read_bytes())
    for path in _our_files(recipe):
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    if guest is not None:
        digest.update((guest / artefacts.MANIFEST).read_bytes())
    return digest.hexdigest()[:32]


def guest_for(target: Target) -> Path | None:
    """The folder with the guest's artefacts for that target; None if its bundle gets none.

    Raises:
        SystemExit: the guest cannot be made.
    """
    if os.environ.get("PENSTOCK_BUILD_WITHOUT_WASM") == "1":
        _say("WITHOUT ENGINE WASM, as PENSTOCK_BUILD_WITHOUT_WASM=1 says: functions of that engine")
        _say("WITHOUT ENGINE WASM: will not run there, and new ones are of engine restricted")
        return None
    if isinstance(target.guest, NoGuestHere):
        _say(f"WITHOUT ENGINE WASM: {target.guest}")
        return None
    try:
        return artefacts.folder_for(target.guest)
    except (Differs, NoCompiler, NoGuestHere) as problem:
        raise SystemExit(f"bundle: {problem}") from None


def fill(place: Path, *, recipe: Recipe, target: Target, guest: Path | None) -> None:
    """Make a bundle in a folder. The same inputs give the same files, to the byte and the time.

    Args:
        place: the folder.
        recipe: what goes in.
        target: where it will run.
        guest: the folder of the guest's artefacts; None for a bundle that gets none.
    """
    place.mkdir(parents=True, exist_ok=True)
    if recipe.theirs:
        _install(recipe.theirs, target=target, into=place)
    for path in _our_files(recipe):
        copy = place / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    if guest is not None:
        inside = place / artefacts.HERE.relative_to(ROOT)
        shutil.copytree(guest, inside)
    if target.python is None:
        _say(f"NO BYTECODE: python{LAMBDA_PYTHON} is not on this machine, so every cold start of")
        _say(f"NO BYTECODE: the {recipe.name} bundle will compile it again (about 0.6 s). Install")
        _say(f"NO BYTECODE: python{LAMBDA_PYTHON} and build again before deploying for real.")
    else:
        _compile(place, recipe=recipe, python=target.python)
    for path in place.rglob("*"):
        os.utime(path, (MADE_AT_S, MADE_AT_S))


def _install(requirements: str, *, target: Target, into: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--only-binary=:all:", "--no-deps", "--no-compile", "--require-hashes"]
    lock = str(ROOT / "requirements" / requirements)
    run([*pip, *options, *target.pip_options, "--target", str(into), "-r", lock])
    shutil.rmtree(into / "bin", ignore_errors=True)


def _compile(place: Path, *, recipe: Recipe, python: str) -> None:
    modes = ["--invalidation-mode", "unchecked-hash", "-q", "-f", "-j", "0"]
    names = ["-s", str(place), "-p", recipe.mounted_at]
    run([python, "-I", "-m", "compileall", *modes, *names, str(place)])


def _our_files(recipe: Recipe) -> Iterator[Path]:
    for name in recipe.ours:
        start = ROOT / name
        paths = [start] if start.is_file() else sorted(start.rglob("*"))
        yield from (path for path in paths if _is_shipped(path, recipe=recipe))


def _is_shipped(path: Path, *, recipe: Recipe) -> bool:
    stays = any(path.is_relative_to(ROOT / folder) for folder in recipe.without)
    return path.is_file() and path.suffix in SHIPPED and not stays


@contextmanager
def _only_one_of(recipe: Recipe, target: Target) -> Iterator[Path]:
    # `sam build --parallel` asks for the same bundle from several processes at once.
    cache = CACHE / f"{recipe.name}-{target.name}"
    cache.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{cache.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache


def _link(source: str, destination: str) -> str:
    Path(destination).unlink(missing_ok=True)
    try:
        os.link(source, destination)
    except OSError:  # another file system
        shutil.copy2(source, destination)
    return destination


def _output(command: Sequence[str]) -> str:
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return process.stdout.strip() if process.returncode == 0 else ""


def _say(line: str) -> None:
    say(f"bundle: {line}")


def main(arguments: Sequence[str]) -> None:
    """Make one bundle or layer in a directory, or several in the cache."""
    purpose = os.environ.get("PENSTOCK_BUILD_FOR", "cloud")
    match list(arguments):
        case ["--prefetch", *names] if names:
            for name in names:
                build(recipe_of(name), host(), into=None)
        case [architecture, name, directory] if architecture in WHEEL_TAGS:
            if purpose not in ("cloud", "host"):
                raise SystemExit("bundle: PENSTOCK_BUILD_FOR is cloud or host")
            target = host() if purpose == "host" else cloud(architecture)
            build(recipe_of(name), target, into=Path(directory))
        case _:
            usage = "ARCHITECTURE LOGICAL_ID DIRECTORY | --prefetch LOGICAL_ID…"
            raise SystemExit(f"usage: python -m infra.build.bundle {usage}")


if __name__ == "__main__":
    main(sys.argv[1:])
