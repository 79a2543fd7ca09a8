"""Only what the build made, for this machine and this library, is ever loaded."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engines import EngineUnusable
from sandbox.engines.wasm import artefact
from sandbox.engines.wasm.artefact import ArtefactChanged, ArtefactMissing, WrongVersion

SUFFIX = "dylib" if sys.platform == "darwin" else "so"
GUEST = f"guest-{artefact.machine()}.cwasm"
LIBRARY = f"libwasmtime-{artefact.machine()}.{SUFFIX}"


def test_the_artefact_of_this_checkout_is_whole() -> None:
    """Fails where `make setup` has not made it."""
    files = artefact.find()
    assert files.guest == f"{artefact.FOLDER}/{GUEST}"
    assert files.library == f"{artefact.FOLDER}/{LIBRARY}"
    assert files.digest == hashlib.sha256(Path(files.guest).read_bytes()).hexdigest()


def test_what_the_manifest_describes_is_found(tmp_path: Path) -> None:
    """By the names of this machine, in this folder."""
    _build(tmp_path)
    files = artefact.find(str(tmp_path))
    assert (files.guest, files.library) == (f"{tmp_path}/{GUEST}", f"{tmp_path}/{LIBRARY}")
    assert files.python == "3.14.0"


def test_an_engine_that_was_never_built_says_how_to_build_it(tmp_path: Path) -> None:
    """An error of its own, which is also the engine's error."""
    with pytest.raises(ArtefactMissing, match="make setup") as caught:
        artefact.find(str(tmp_path))
    assert isinstance(caught.value, EngineUnusable)


@pytest.mark.parametrize("name", [GUEST, LIBRARY])
def test_a_file_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    """The manifest alone is not the artefact."""
    _build(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ArtefactMissing, match=name):
        artefact.find(str(tmp_path))


@pytest.mark.parametrize("name", [GUEST, LIBRARY])
def test_a_file_with_one_bit_changed_is_refused(tmp_path: Path, name: str) -> None:
    """Before it is loaded: loading it would run it."""
    _build(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[-1] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtefactChanged, match=f"{name}.*SHA-256"):
        artefact.find(str(tmp_path))


def test_an_artefact_for_other_processors_says_so(tmp_path: Path) -> None:
    """As when a bundle for Lambda is unpacked on a laptop."""
    _build(tmp_path, guest="guest-abacus.cwasm", library="libwasmtime-abacus.so")
    with pytest.raises(ArtefactMissing, match="it has guest-abacus"):
        artefact.find(str(tmp_path))


def test_an_artefact_for_another_wasmtime_says_so(tmp_path: Path) -> None:
    """Both versions are named, and what to do."""
    _build(tmp_path, wasmtime="49.0.0")
    with pytest.raises(WrongVersion, match=r"49\.0\.0.*50\.0\.1.*make setup"):
        artefact.find(str(tmp_path))


@pytest.mark.parametrize("change", [{"files": [GUEST]}, {"files": {GUEST: {}}}, {"python": 3}])
def test_a_manifest_that_is_malformed_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """In words, and not by whatever Python raises first."""
    _build(tmp_path)
    path = tmp_path / artefact.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ArtefactChanged, match=artefact.MANIFEST):
        artefact.find(str(tmp_path))


@pytest.mark.parametrize("text", ["{", "", "[1]", "[" * 100_000])
def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    """As after a full disk."""
    (tmp_path / artefact.MANIFEST).write_text(text)
    with pytest.raises(ArtefactChanged, match=artefact.MANIFEST):
        artefact.find(str(tmp_path))


def _build(
    folder: Path, *, guest: str = GUEST, library: str = LIBRARY, wasmtime: str = "50.0.1"
) -> None:
    files = {}
    for name in (guest, library):
        content = name.encode() * 100
        (folder / name).write_bytes(content)
        files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    manifest = {"files": files, "wasmtime": wasmtime, "python": "3.14.0"}
    (folder / artefact.MANIFEST).write_text(json.dumps(manifest))
