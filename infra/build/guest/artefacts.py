"""Keeps what was made, until something that goes into it changes.

    .cloud/guest/<hash of the sources>/guest.wasm                 one component for all machines
    .cloud/guest/<hash of the sources>/<machine>-<hash>/          what one kind of machine loads
        guest-<cpu>.cwasm  libwasmtime-<cpu>.so  guest.json

A folder is filled under another name and renamed when it is complete, so that what has its name
is whole. Every use compares the code in it with the lock.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from infra.build.commands import ROOT, say
from infra.build.guest import component, native, sections
from infra.build.guest.component import TOOLS, Sources
from infra.build.guest.lock import PATH as LOCK
from infra.build.guest.lock import Code, is_compared
from infra.build.guest.machines import Machine, this_machine

STORE: Final = ROOT / ".cloud" / "guest"
HERE: Final = ROOT / "sandbox" / "engines" / "wasm" / "artefacts"
MANIFEST: Final = "guest.json"
COMPONENT: Final = "guest.wasm"
GENERATIONS_KEPT: Final = 3  # who goes to and fro between branches does not build each time
_MAKERS: Final = Path(__file__).parent
_BINDING: Final = tuple(  # it holds the settings of the compiler
    ROOT / "sandbox" / "engines" / "wasm" / name for name in ("binding.py", "values.py")
)


def made(
    machine: Machine,
    *,
    sources: Sources | None = None,
    store: Path | None = None,
    lock: Path | None = LOCK,
) -> Path:
    """The folder with the artefacts for that machine, made now unless they are there.

    Args:
        machine: what they are for.
        sources: what the guest is made from; the project's own when not given.
        store: where artefacts are kept; the project's own place when not given.
        lock: what their code has to be; None to compare with nothing.

    Raises:
        Differs: the code is not what the lock says.
        NoCompiler: nothing here can compile for that machine.
    """
    given, store = sources or Sources(), store or STORE
    with _one_at_a_time(store):
        generation = store / fingerprint_of_component(given)
        folder = generation / f"{machine.system}-{machine.cpu}-{_fingerprint_of_engine()}"
        if not folder.is_dir():
            began = time.monotonic()
            compiler = native.compiler_for(machine)  # before the component, which takes long
            say(f"guest: making the sandbox's engine wasm for {machine.target}")
            _make_component(given, generation)
            _make_set(machine, compiler, sources=given, folder=folder)
            say(f"guest: ready for {machine.target} after {time.monotonic() - began:.0f} s")
            _prune(store)
    if lock is not None and is_compared():
        Code.read(lock).check(code_of(folder))
    elif lock is not None:
        say("guest: its code is not compared with the lock, which holds that of builds on Linux")
    return folder


def install(folder: Path, *, place: Path = HERE) -> None:
    """Put the artefacts of `folder` where the engine looks for them, and take away others."""
    place.mkdir(exist_ok=True)
    names = {each.name for each in folder.iterdir()}
    for stale in place.iterdir():
        if stale.name not in names:
            stale.unlink()
    # The manifest last: an engine that starts meanwhile finds files that it does not name, or
    # names that differ, and says so; it never loads a half.
    for name in sorted(names, key=lambda each: each == MANIFEST):
        _replace(folder / name, place / name)


def make_for_this_machine() -> None:
    """What `make setup` does."""
    install(made(this_machine()))


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """What `guest.json` says."""
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return content


def code_of(folder: Path) -> Code:
    """The code of the artefacts, as their manifest names it."""
    content = manifest_of(folder)
    return Code(
        versions={name: content[name] for name in ("componentize-py", "python", "wasmtime")},
        sections=content["code_sections"],
        machine_code=content["machine_code"],
    )


def _make_component(sources: Sources, generation: Path) -> None:
    if (generation / COMPONENT).is_file():
        return
    generation.mkdir(exist_ok=True)
    unfinished = generation / f"{COMPONENT}.unfinished"
    component.make(sources, into=unfinished)
    unfinished.rename(generation / COMPONENT)


def _make_set(
    machine: Machine, compiler: native.Compiler, *, sources: Sources, folder: Path
) -> None:
    generation = folder.parent
    wasm = generation / COMPONENT
    with tempfile.TemporaryDirectory(dir=generation) as scratch:
        staging = Path(scratch) / "set"
        staging.mkdir()
        library, cwasm = staging / machine.library, staging / machine.guest
        native.fetch_library(machine, into=library)
        compiler(wasm, cwasm, library=library)
        content = {
            "made_from": f"{generation.name}/{folder.name}",
            "wasmtime": native.wasmtime_version(),
            "componentize-py": component.locked_versions(TOOLS.lock)["componentize-py"],
            "python": component.python_version(wasm.read_bytes()),
            "packages": component.locked_versions(sources.packages) if sources.packages else {},
            "code_sections": sections.code_hash(wasm.read_bytes()),
            "machine_code": {machine.cpu: sections.machine_code_hash(cwasm.read_bytes())},
            "files": {path.name: _identity(path) for path in (cwasm, library)},
        }
        (staging / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        staging.rename(folder)


def _identity(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def fingerprint_of_component(sources: Sources) -> str:
    """Changes whenever anything that goes into the component does."""
    return _hash_of(*sources.files(), TOOLS.lock, _MAKERS / "component.py")


def _fingerprint_of_engine() -> str:
    makers = [_MAKERS / name for name in ("artefacts.py", "native.py", "sections.py")]
    return _hash_of(*makers, native.LOCK, *_BINDING)


def _hash_of(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _prune(store: Path) -> None:
    generations = [each for each in store.iterdir() if each.is_dir()]
    generations.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    for old in generations[GENERATIONS_KEPT:]:
        shutil.rmtree(old)


def _replace(source: Path, destination: Path) -> None:
    fresh = destination.with_name(f".{destination.name}.{os.getpid()}")
    try:
        os.link(source, fresh)
    except OSError:  # another file system
        shutil.copy2(source, fresh)
    fresh.replace(destination)
    fresh.unlink(missing_ok=True)  # a link to the same file is not moved by a rename


@contextmanager
def _one_at_a_time(store: Path) -> Iterator[None]:
    store.mkdir(parents=True, exist_ok=True)
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
