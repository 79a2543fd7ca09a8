"""Finds the guest's machine code and the library that runs it, and checks them before use.

Both files are native code: whoever loads them runs them. So the engine loads two files only, from
its own folder, after it has compared their SHA-256 with the manifest that the build wrote there.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

from sandbox.engines import EngineUnusable

# This module does without pathlib, which takes longer to import than all of the engine's own code.
FOLDER: Final = f"{os.path.dirname(__file__)}/artefacts"  # noqa: PTH120 - see above
MANIFEST: Final = "guest.json"
WASMTIME_VERSION: Final = "50.0.1"  # machine code runs with the version that compiled it only
_CHUNK_BYTES: Final = 1 << 20
_REMEDY: Final = "run `make setup` in a checkout, or `sam build` for a bundle"


class ArtefactMissing(EngineUnusable):
    """The artefact has not been built, or not for this machine."""


class ArtefactChanged(EngineUnusable):
    """A file is not the one that the build made."""


class WrongVersion(EngineUnusable):
    """The artefact was made for another version of wasmtime."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """The two files that the engine loads, after their check."""

    guest: str  # path of the component's machine code
    library: str  # path of libwasmtime
    digest: str  # SHA-256 of the component's machine code, in hexadecimal
    python: str  # version of the CPython in the component, such as `3.14.0`


def find(folder: str = FOLDER) -> Artefact:
    """The artefact for this machine, after its check.

    Each start hashes both files, which takes a third of a zygote's start. Their sizes and times
    would be faster to compare, but do not show whether a file is still what was built, and a wrong
    file would be run.

    Args:
        folder: where the build has put the files.

    Raises:
        ArtefactMissing: the artefact was never built, or only for other processors.
        ArtefactChanged: a file has another hash than the manifest says.
        WrongVersion: the manifest names another wasmtime than this code is written for.
    """
    manifest = _manifest(folder)
    if manifest.get("wasmtime") != WASMTIME_VERSION:
        raise WrongVersion(
            f"the engine wasm was built for wasmtime {manifest.get('wasmtime')},"
            f" and this code is for {WASMTIME_VERSION}: {_REMEDY}"
        )
    cpu = machine()
    suffix = "dylib" if sys.platform == "darwin" else "so"
    guest, library = f"guest-{cpu}.cwasm", f"libwasmtime-{cpu}.{suffix}"
    files = manifest["files"]
    for name in (guest, library):
        if name not in files:
            raise ArtefactMissing(
                f"the engine wasm was built without {name}, which this machine needs;"
                f" it has {', '.join(sorted(files))}: {_REMEDY}"
            )
    for name, digest in _digests(folder, (guest, library)).items():
        _check(name, digest, locked_digest=files[name]["sha256"])
    return Artefact(
        guest=f"{folder}/{guest}",
        library=f"{folder}/{library}",
        digest=files[guest]["sha256"],
        python=manifest["python"],
    )


def machine() -> str:
    """This machine's processor, in the words of the artefacts' names: `x86_64` or `aarch64`."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def _manifest(folder: str) -> dict[str, Any]:
    try:
        with open(f"{folder}/{MANIFEST}", encoding="utf-8") as file:  # noqa: PTH123 - see above
            text = file.read()
    except FileNotFoundError:
        raise ArtefactMissing(f"the engine wasm has not been built here: {_REMEDY}") from None
    try:
        manifest: dict[str, Any] = json.loads(text)
        files = manifest["files"]
        has_hashes = all(isinstance(files[name]["sha256"], str) for name in files)
        if not has_hashes or not isinstance(manifest["python"], str):
            raise TypeError(MANIFEST)  # noqa: TRY301 - one way out for all that is malformed
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArtefactChanged(f"{MANIFEST} of the engine wasm cannot be read: {_REMEDY}") from None
    return manifest


def _digests(folder: str, names: tuple[str, str]) -> dict[str, str | None]:
    """SHA-256 of each file by its name; None for a file that cannot be read.

    Two threads hash at the same time: hashlib gives up the interpreter's lock while it works.
    """
    digests: dict[str, str | None] = {}

    def work_out(name: str) -> None:
        digests[name] = _digest(f"{folder}/{name}")

    thread = threading.Thread(target=work_out, args=(names[1],))
    thread.start()
    work_out(names[0])
    thread.join()
    return digests


def _digest(path: str) -> str | None:
    digest, chunk = hashlib.sha256(), bytearray(_CHUNK_BYTES)
    view = memoryview(chunk)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
            while size := file.readinto(chunk):
                digest.update(view[:size])
    except OSError:
        return None
    return digest.hexdigest()


def _check(name: str, digest: str | None, *, locked_digest: str) -> None:
    if digest is None:
        raise ArtefactMissing(f"{name} of the engine wasm is not here: {_REMEDY}")
    if digest != locked_digest:
        raise ArtefactChanged(
            f"{name} of the engine wasm is not the file that was built: its SHA-256 is"
            f" {digest[:12]}…, the manifest says {locked_digest[:12]}…: {_REMEDY}"
        )
