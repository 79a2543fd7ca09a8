"""Builds the guest's artefacts, and keeps them until one of their inputs changes.

    .cloud/guest/<hash of the sources>/guest.wasm                 one component for all machines
    .cloud/guest/<hash of the sources>/<machine>-<hash>/          what one kind of machine loads
        guest-<cpu>.cwasm  libwasmtime-<cpu>.so  guest.json

A folder is filled under another name and renamed once it is complete, so every folder with its
final name is complete. Each use compares the code in it with the lock.
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
GENERATIONS_KEPT: Final = 3  # so that a change between a few branches needs no build
_MAKERS: Final = Path(__file__).parent
_BINDING: Final = tuple(  # these files hold the compiler's settings
    ROOT / "sandbox" / "engines" / "wasm" / name for name in ("binding.py", "values.py")
)


def folder_for(
    machine: Machine,
    *,
    sources: Sources | None = None,
    store: Path | None = None,
    lock: Path | None = LOCK,
) -> Path:
    """The folder with the artefacts for that machine. Makes them if the store has none.

    Args:
        machine: the machine that will load them.
        sources: what the guest is made from; None is this repository's sources.
        store: the folder that keeps artefacts; None is `STORE`.
        lock: the file that says which code they must have; None compares with nothing.

    Raises:
        Differs: their code is not what the lock says.
        NoCompiler: nothing on this machine can compile for that machine.
    """
    guest_sources, store = sources or Sources(), store or STORE
    with _one_at_a_time(store):
        generation = store / fingerprint_of_component(guest_sources)
        folder = generation / f"{machine.system}-{machine.cpu}-{_fingerprint_of_engine()}"
        if not folder.is_dir():
            began = time.monotonic()
            # Asked before the component is made, which takes long: it may raise NoCompiler.
            compiler = native.compiler_for(machine)
            say(f"guest: making the sandbox's engine wasm for {machine.target}")
            _make_component(guest_sources, generation)
            _make_set(machine, compiler, sources=guest_sources, folder=folder)
            say(f"guest: ready for {machine.target} after {time.monotonic() - began:.0f} s")
            _prune(store)
    if lock is not None and is_compared():
        Code.read(lock).check(code_of(folder))
    elif lock is not None:
        say("guest: its code is not compared with the lock, which holds that of builds on Linux")
    return folder


def install(folder: Path, *, place: Path = HERE) -> None:
    """Put the artefacts of `folder` where the engine looks for them, and remove all others."""
    place.mkdir(exist_ok=True)
    names = {each.name for each in folder.iterdir()}
    for stale in place.iterdir():
        if stale.name not in names:
            stale.unlink()
    # The manifest comes last. An engine that starts meanwhile finds that the files and the manifest
    # do not match, and says so. It never loads one old and one new file.
    for name in sorted(names, key=lambda each: each == MANIFEST):
        _replace(folder / name, place / name)


def make_for_this_machine() -> None:
    """Make the artefacts for this machine, and install them. `make setup` does this."""
    install(folder_for(this_machine()))


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """The content of `guest.json`."""
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return content


def code_of(folder: Path) -> Code:
    """The versions and hashes of the artefacts' code, from their manifest."""
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
    partial = generation / f"{COMPONENT}.unfinished"
    component.make(sources, into=partial)
    partial.rename(generation / COMPONENT)


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
    """A hash of everything that goes into the component."""
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
    for folder in generations[GENERATIONS_KEPT:]:
        shutil.rmtree(folder)


def _replace(source: Path, destination: Path) -> None:
    new_link = destination.with_name(f".{destination.name}.{os.getpid()}")
    try:
        os.link(source, new_link)
    except OSError:  # the two folders are on different file systems
        shutil.copy2(source, new_link)
    new_link.replace(destination)
    # If both names already link to one file, rename(2) does nothing and leaves both.
    new_link.unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(store: Path) -> Iterator[None]:
    store.mkdir(parents=True, exist_ok=True)
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
