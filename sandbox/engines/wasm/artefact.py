"""Finds the guest's machine code and the library that runs it, and checks them before use.

Loading either is running it as native code. So nothing is ever loaded but two files of this
folder whose SHA-256 stands in the manifest that the build wrote beside them.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.engines import EngineUnusable

FOLDER = Path(__file__).parent / "artefacts"
MANIFEST = "guest.json"
WASMTIME_VERSION = "50.0.1"  # machine code is bound to the version of what runs it
_REMEDY = "run `make setup` in a checkout, or `sam build` for a bundle"


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
        guest: machine code of the component.
        library: libwasmtime.
        digest: SHA-256 of the component's machine code, in hexadecimal.
        python: version of the CPython inside, such as `3.14.0`.
    """

    guest: Path
    library: Path
    digest: str
    python: str


def find(folder: Path = FOLDER) -> Artefact:
    """The artefact for this machine, checked.

    Raises:
        ArtefactMissing: it was never built, or for other processors only.
        ArtefactChanged: a file has another size or hash than the manifest says.
        WrongVersion: the manifest names another wasmtime than this code is written for.
    """
    manifest = _manifest(folder)
    if manifest.get("wasmtime") != WASMTIME_VERSION:
        raise WrongVersion(
            f"the engine wasm in {folder.name}/ was made for wasmtime {manifest.get('wasmtime')},"
            f" this code runs {WASMTIME_VERSION}: {_REMEDY}"
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
        _check(folder / name, files[name])
    return Artefact(
        folder / guest, folder / library, files[guest]["sha256"], str(manifest["python"])
    )


def machine() -> str:
    """This processor, as artefacts name it: `x86_64` or `aarch64`."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ArtefactMissing(f"the engine wasm has not been built here: {_REMEDY}") from None
    try:
        manifest: dict[str, Any] = json.loads(text)
        files = manifest["files"]
        known = all(isinstance(files[name]["sha256"], str) for name in files)
        if not known or not isinstance(manifest["python"], str):
            raise TypeError(MANIFEST)  # noqa: TRY301 - one way out for all that is malformed
    except (ValueError, KeyError, TypeError):
        raise ArtefactChanged(f"{MANIFEST} of the engine wasm cannot be read: {_REMEDY}") from None
    return manifest


def _check(path: Path, expected: dict[str, Any]) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise ArtefactMissing(f"{path.name} of the engine wasm is not here: {_REMEDY}") from None
    if digest != expected["sha256"]:
        raise ArtefactChanged(
            f"{path.name} of the engine wasm is not the file that was built: its SHA-256 is"
            f" {digest[:12]}…, the manifest says {expected['sha256'][:12]}…: {_REMEDY}"
        )
