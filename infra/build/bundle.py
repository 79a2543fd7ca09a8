"""Makes the bundles and layers that the template deploys, with their bytecode.

`sam build` runs this once for each function and layer (through the Makefile beside it):

    python infra/build/bundle.py <LogicalId> <directory to fill>
    python infra/build/bundle.py --prefetch <LogicalId>…    only fills the cache

Environment: PENSTOCK_BUILD_FOR is `cloud` (the default: Lambda's Python and PENSTOCK_BUILD_ARCH,
arm64 unless set) or `host` (this machine and this Python, for the local cloud).

Bytecode is shipped because Lambda unpacks a bundle read-only and would compile it at every cold
start: 1.0 s against 0.4 s. It is never checked against its source, since zips change file times.
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

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cloud" / "bundles"
LAMBDA_PYTHON: Final = "3.13"
WHEEL_TAGS: Final = {
    "arm64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
    "x86_64": ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What goes into one artefact: our packages by path, theirs by locked requirements."""

    name: str
    ours: tuple[str, ...] = ()
    theirs: str = ""
    inside: str = ""
    mounted_at: str = "/var/task"


FUNCTIONS: Final = Recipe(name="functions", ours=("functions", "runtime", "infra/redshift"))
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
    theirs="sandbox.txt",
)
DEPENDENCIES: Final = Recipe(
    name="dependencies", theirs="layer.txt", inside="python", mounted_at="/opt/python"
)
WAREHOUSE: Final = Recipe(
    name="warehouse", theirs="warehouse.txt", inside="python", mounted_at="/opt/python"
)
SHIPPED: Final = (".py", ".sql", ".json", ".toml", ".typed", ".pyi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the artefact will run, and the Python that compiles for it (None: not here)."""

    name: str
    pip_options: tuple[str, ...]
    python: str | None


def recipe_of(logical_id: str) -> Recipe:
    """The recipe of a resource of the template."""
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


def target_of(purpose: str, architecture: str) -> Target:
    """The target for `host` or `cloud`."""
    if purpose == "host":
        tag = f"host-{platform.machine()}-{sys.implementation.cache_tag}"
        return Target(name=tag, pip_options=(), python=sys.executable)
    if purpose != "cloud" or architecture not in WHEEL_TAGS:
        raise SystemExit("bundle: PENSTOCK_BUILD_FOR is cloud or host, _ARCH arm64 or x86_64")
    platforms = [part for tag in WHEEL_TAGS[architecture] for part in ("--platform", tag)]
    python = find_python(LAMBDA_PYTHON)
    return Target(
        name=f"cloud-{architecture}-{LAMBDA_PYTHON}{'' if python else '-source'}",
        pip_options=(*platforms, "--python-version", LAMBDA_PYTHON, "--implementation", "cp"),
        python=python,
    )


def find_python(version: str) -> str | None:
    """An interpreter of exactly this minor version that really runs, or None."""
    candidates = [sys.executable, shutil.which(f"python{version}")]
    # pyenv's shim is on the path, but refuses unless the version is chosen for this folder.
    candidates += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    if uv := shutil.which("uv"):
        candidates.append(_output([uv, "python", "find", "--no-python-downloads", version]))
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        if candidate and _output([candidate, "-I", "-c", ask]) == version:
            return candidate
    return None


def build(recipe: Recipe, target: Target, *, into: Path | None) -> None:
    """Fill `into`; a bundle already made from the same inputs is linked, not made again."""
    with _only_one_of(recipe, target) as kept:
        made = kept / fingerprint(recipe, target)
        if not made.is_dir():
            for stale in kept.iterdir():
                shutil.rmtree(stale)
            _say(f"making the {recipe.name} bundle for {target.name}")
            staging = Path(tempfile.mkdtemp(dir=kept))
            _fill(staging / recipe.inside, recipe=recipe, target=target)
            staging.chmod(0o755)
            staging.rename(made)
        if into is not None:
            shutil.copytree(made, into, copy_function=_link, dirs_exist_ok=True)


def fingerprint(recipe: Recipe, target: Target) -> str:
    """Changes whenever anything that goes into the bundle does."""
    digest = hashlib.sha256(f"{target.name}|{target.python}".encode())
    digest.update(Path(__file__).read_bytes())
    if recipe.theirs:
        digest.update((ROOT / "requirements" / recipe.theirs).read_bytes())
    for path in _our_files(recipe):
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _fill(place: Path, *, recipe: Recipe, target: Target) -> None:
    place.mkdir(parents=True, exist_ok=True)
    if recipe.theirs:
        _install(recipe.theirs, target=target, into=place)
    for path in _our_files(recipe):
        copy = place / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    if target.python is None:
        _say(f"NO BYTECODE: python{LAMBDA_PYTHON} is not on this machine, so every cold start of")
        _say(f"NO BYTECODE: the {recipe.name} bundle will compile it again (about 0.6 s). Install")
        _say(f"NO BYTECODE: python{LAMBDA_PYTHON} and build again before deploying for real.")
        return
    _compile(place, recipe=recipe, python=target.python)


def _install(requirements: str, *, target: Target, into: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--only-binary=:all:", "--no-deps", "--no-compile", "--require-hashes"]
    lock = str(ROOT / "requirements" / requirements)
    _run([*pip, *options, *target.pip_options, "--target", str(into), "-r", lock])
    shutil.rmtree(into / "bin", ignore_errors=True)


def _compile(place: Path, *, recipe: Recipe, python: str) -> None:
    modes = ["--invalidation-mode", "unchecked-hash", "-q", "-f", "-j", "0"]
    names = ["-s", str(place), "-p", recipe.mounted_at]
    _run([python, "-I", "-m", "compileall", *modes, *names, str(place)])


def _our_files(recipe: Recipe) -> Iterator[Path]:
    for name in recipe.ours:
        start = ROOT / name
        found = [start] if start.is_file() else sorted(start.rglob("*"))
        yield from (path for path in found if path.is_file() and path.suffix in SHIPPED)


@contextmanager
def _only_one_of(recipe: Recipe, target: Target) -> Iterator[Path]:
    # `sam build --parallel` asks for the same bundle from several processes at once.
    kept = CACHE / f"{recipe.name}-{target.name}"
    kept.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{kept.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield kept


def _link(source: str, destination: str) -> str:
    Path(destination).unlink(missing_ok=True)
    try:
        os.link(source, destination)
    except OSError:  # another file system
        shutil.copy2(source, destination)
    return destination


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"bundle: {' '.join(command[:4])} … ended with {done.returncode}")


def _say(line: str) -> None:
    sys.stderr.write(f"bundle: {line}\n")


def main(arguments: Sequence[str]) -> None:
    """Build one artefact into a directory, or several into the cache."""
    purpose = os.environ.get("PENSTOCK_BUILD_FOR", "cloud")
    target = target_of(purpose, os.environ.get("PENSTOCK_BUILD_ARCH", "arm64"))
    match list(arguments):
        case ["--prefetch", *names] if names:
            for name in names:
                build(recipe_of(name), target, into=None)
        case [name, directory]:
            build(recipe_of(name), target, into=Path(directory))
        case _:
            raise SystemExit("usage: bundle.py LOGICAL_ID DIRECTORY | --prefetch LOGICAL_ID…")


if __name__ == "__main__":
    main(sys.argv[1:])
