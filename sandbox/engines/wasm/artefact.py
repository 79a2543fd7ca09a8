"""Finds the guest's machine code and the library that runs it, and checks them before use.

Loading either is running it as native code. So nothing is ever loaded but two files of this
folder whose SHA-256 stands in the manifest that the build wrote beside them.
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

# No pathlib here: it takes longer to import than all of the engine's own code.
FOLDER: Final = f"{os.path.dirname(__file__)}/artefacts"  # noqa: PTH120 - see above
MANIFEST: Final = "guest.json"
WASMTIME_VERSION: Final = "50.0.1"  # machine code is bound to the version of what runs it
_CHUNK_BYTES: Final = 1 << 20
_REMEDY: Final = "run `make setup` in a checkout, or `sam build` for a bundle"


class ArtefactMissing(EngineUnusable):
    """There is no artefact here, or none for this machine."""


class ArtefactChanged(EngineUnusable):
    """A file is not the one that the build made."""


class WrongVersion(EngineUnusable):
    """The artefact was made for another version of wasmtime."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """Two files that may be loaded.

    Attributes:
        guest: path of the machine code of the component.
        library: path of libwasmtime.
        digest: SHA-256 of the component's machine code, in hexadecimal.
        python: version of the CPython inside, such as `3.14.0`.
    """

    guest: str
    library: str
    digest: str
    python: str


def find(folder: str = FOLDER) -> Artefact:
    """The artefact for this machine, checked.

    Hashing takes a third of a zygote's start, each time: whether a file is still what was built
    is not to be seen from its size and times, and a wrong one would be run.

    Raises:
        ArtefactMissing: it was never built, or for other processors only.
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
        _check(name, digest, expected=files[name]["sha256"])
    return Artefact(
        guest=f"{folder}/{guest}",
        library=f"{folder}/{library}",
        digest=files[guest]["sha256"],
        python=manifest["python"],
    )


def machine() -> str:
    """This processor, as artefacts name it: `x86_64` or `aarch64`."""
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
        known = all(isinstance(files[name]["sha256"], str) for name in files)
        if not known or not isinstance(manifest["python"], str):
            raise TypeError(MANIFEST)  # noqa: TRY301 - one way out for all that is malformed
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArtefactChanged(f"{MANIFEST} of the engine wasm cannot be read: {_REMEDY}") from None
    return manifest


def _digests(folder: str, names: tuple[str, str]) -> dict[str, str | None]:
    """SHA-256 of each file, side by side, as hashing needs no interpreter; None for no file."""
    digests: dict[str, str | None] = {}

    def work_out(name: str) -> None:
        digests[name] = _digest(f"{folder}/{name}")

    other = threading.Thread(target=work_out, args=(names[1],))
    other.start()
    work_out(names[0])
    other.join()
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


def _check(name: str, digest: str | None, *, expected: str) -> None:
    if digest is None:
        raise ArtefactMissing(f"{name} of the engine wasm is not here: {_REMEDY}")
    if digest != expected:
        raise ArtefactChanged(
            f"{name} of the engine wasm is not the file that was built: its SHA-256 is"
            f" {digest[:12]}…, the manifest says {expected[:12]}…: {_REMEDY}"
        )
