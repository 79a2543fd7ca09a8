"""The guest that `make setup` made is the one that was reviewed, and holds nothing of its maker."""

import hashlib
import json
import platform
import shutil
import stat
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.build.commands import ROOT
from infra.build.guest import artefacts, component, native
from infra.build.guest.component import Sources
from infra.build.guest.lock import Code, Differs
from infra.build.guest.machines import LAMBDA, NoGuestHere, this_machine
from infra.build.guest.sections import code_hash, machine_code_hash
from sandbox.engines.wasm import artefact

PLANTED = "a-secret-of-the-build-machine"
PROBE = """
import importlib.util
import os

import wit_world

FINDS = "planted is " + str(importlib.util.find_spec("planted"))
SEES = "environment is " + ",".join(f"{name}={text}" for name, text in os.environ.items())


class WitWorld(wit_world.WitWorld):
    def take(self, frame: str) -> str:
        return frame
"""
OTHER = next(each for each in LAMBDA.values() if each.cpu != artefact.machine())


@pytest.fixture(scope="module")
def built() -> Path:
    """The artefacts of this machine, which `make setup` has made."""
    return artefacts.folder_for(this_machine())


def manifest() -> Mapping[str, Any]:
    """What stands beside the artefacts that the engine loads here."""
    return artefacts.manifest_of(artefacts.HERE)


@pytest.mark.skipif(sys.platform != "linux", reason="the lock holds the code of builds on Linux")
def test_the_code_that_was_built_is_the_code_in_the_lock(built: Path) -> None:
    """Read from the files themselves: what is compared is what is loaded."""
    locked = Code.read()
    assert locked.sections == code_hash((built.parent / artefacts.COMPONENT).read_bytes())
    machine = this_machine()
    code = machine_code_hash((built / machine.guest).read_bytes())
    assert locked.machine_code[machine.cpu] == code


def test_the_lock_has_the_code_of_both_of_lambdas_architectures() -> None:
    """Else a bundle for the other would be refused by who has a compiler for it."""
    assert {each.cpu for each in LAMBDA.values()} == Code.read().machine_code.keys()


def test_what_the_engine_loads_here_is_what_was_built(built: Path) -> None:
    """An older guest left in place would be tested instead of the one in the sources."""
    assert manifest() == artefacts.manifest_of(built), "make setup puts the new one in place"
    assert {*manifest()["files"], artefacts.MANIFEST} == {
        each.name for each in artefacts.HERE.iterdir()
    }
    found = artefact.find()
    assert found.digest == manifest()["files"][this_machine().guest]["sha256"]


def test_the_manifest_names_what_is_inside() -> None:
    """Docs and `doctor` speak of versions, and read them there."""
    assert manifest()["wasmtime"] == native.wasmtime_version() == artefact.WASMTIME_VERSION
    assert manifest()["python"].startswith(f"{component.GUEST_PYTHON}.")
    assert "phonenumbers" in manifest()["packages"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sections": "0" * 64}, "code sections"),
        ({"machine_code": {"x86_64": "0" * 64}}, "machine code of x86_64"),
        ({"machine_code": {"riscv64": "0" * 64}}, "machine code of riscv64: nothing locked"),
        ({"versions": {"wasmtime": "50.0.2"}}, "wasmtime: 50.0.1 locked, 50.0.2 built"),
    ],
    ids=["sections", "machine code", "an unknown processor", "version"],
)
def test_other_code_than_the_locks_is_refused_by_name(change: Any, named: str) -> None:
    """Who reads the refusal learns what differs, and what to do about it."""
    locked = Code.read()
    with pytest.raises(Differs, match="make lock") as refusal:
        locked.check(replace(locked, **change))
    assert named in str(refusal.value)


def test_a_guest_that_differs_from_the_lock_is_not_handed_out(built: Path, tmp_path: Path) -> None:
    """Also not from the store, where it was put while the lock said something else."""
    lock = tmp_path / "guest.lock"
    replace(Code.read(), sections="0" * 64).write(lock)
    if sys.platform == "linux":
        with pytest.raises(Differs, match="code sections"):
            artefacts.folder_for(this_machine(), lock=lock)
    assert built.is_dir()


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And written in one way, so that it changes only with what it says."""
    lock = tmp_path / "guest.lock"
    Code.read().write(lock)
    assert Code.read(lock) == Code.read()
    assert lock.read_text() == (ROOT / "requirements" / "guest.lock").read_text()


def test_a_guest_holds_nothing_of_the_machine_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Componentize-py bakes in the packages of the Python at hand, unless it is kept from it.

    What is baked in is the same for every guest of this world: so its code is the lock's too.
    """
    sources = Sources(guest=tmp_path / "probe", sdk=None, packages=None)
    sources.guest.mkdir()
    (sources.guest / "__init__.py").write_text("")
    (sources.guest / "app.py").write_text(PROBE)
    shutil.copy(ROOT / "sandbox" / "guest" / component.WIT, sources.guest)
    packages = tmp_path / "venv" / "lib" / "python3.14" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "planted.py").write_text(f"TEXT = {PLANTED!r}\n")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.setenv("PLANTED", PLANTED)

    component.make(sources, into=tmp_path / "guest.wasm")

    wasm = (tmp_path / "guest.wasm").read_bytes()
    assert b"planted is None" in wasm
    assert b"environment is " in wasm
    assert PLANTED.encode() not in wasm
    assert str(tmp_path).encode() not in wasm
    if sys.platform == "linux":
        assert Code.read().sections == code_hash(wasm)


def test_the_tree_of_a_guest_has_no_native_parts(tmp_path: Path) -> None:
    """PyYAML and MarkupSafe come with parts for the build machine, which no guest can load."""
    files = {
        "half/__init__.py": "WHOLE = False\n",
        "half/_speedups.so": "native",
        "half-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: half\nVersion: 1.0\n",
        "half-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: cp314-cp314-manylinux2014_x86_64\n",
        "half-1.0.dist-info/RECORD": "",
    }
    wheel = tmp_path / "half-1.0-cp314-cp314-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = tmp_path / "guest.txt"
    lock.write_text(f"--no-index\n--find-links {tmp_path}\nhalf==1.0 --hash=sha256:{digest}\n")

    component.plant(Sources(packages=lock), tree=tmp_path / "tree")

    paths = {str(each.relative_to(tmp_path / "tree")) for each in (tmp_path / "tree").rglob("*")}
    assert {"guest/app.py", "guest/guest.wit", "sdk/__init__.py", "half/__init__.py"} <= paths
    assert not [path for path in paths if path.endswith((".so", ".pyc"))]


@pytest.mark.parametrize("place", ["guest", "sdk"])
def test_a_changed_source_makes_another_guest(tmp_path: Path, place: str) -> None:
    """Else a developer would test what he has just mended, unmended."""
    folders = {name: tmp_path / name for name in ("guest", "sdk")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "app.py").write_text("")
    sources = Sources(guest=folders["guest"], sdk=folders["sdk"], packages=None)
    before = artefacts.fingerprint_of_component(sources)
    assert before == artefacts.fingerprint_of_component(sources)
    (folders[place] / "app.py").write_text("# mended\n")
    assert before != artefacts.fingerprint_of_component(sources)


class TestAnotherProcessor:
    """Code for the processor that this machine has not, which its library cannot compile for."""

    @pytest.fixture(autouse=True)
    def _nothing_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in ("PENSTOCK_PYTHON_ARM64", "PENSTOCK_PYTHON_X86_64", "PENSTOCK_WASMTIME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))

    def test_is_refused_with_what_to_do(self) -> None:
        """Nothing is ever compiled at a Lambda's first start: there it would take a minute."""
        with pytest.raises(native.NoCompiler) as refusal:
            native.compiler_for(OTHER)
        text = str(refusal.value)
        own = native.architecture_of(this_machine())
        assert f"SandboxArchitecture={own}" in text
        assert f"exactly {native.wasmtime_version()}" in text
        assert "PENSTOCK_BUILD_WITHOUT_WASM=1" in text

    def test_is_compiled_by_the_command_line_of_the_same_version(self, tmp_path: Path) -> None:
        """With the settings of the library where its own defaults are others."""
        tool = stand_in(tmp_path / "wasmtime", version=f"{native.wasmtime_version()} (abc 2026)")
        native.compiler_for(OTHER)(tmp_path / "in", tmp_path / "out", library=tmp_path / "unused")
        asked = (tmp_path / "asked").read_text().split()
        assert ["compile", "-C", "collector=drc", "--target", OTHER.target] == asked[:5]
        assert ["--output", str(tmp_path / "out"), str(tmp_path / "in")] == asked[5:]
        assert tool.is_file()

    def test_is_not_compiled_by_another_version(self, tmp_path: Path) -> None:
        """The library would refuse its file, in Lambda."""
        stand_in(tmp_path / "wasmtime", version="49.0.4")
        with pytest.raises(native.NoCompiler):
            native.compiler_for(OTHER)

    def test_is_compiled_by_the_locked_library_in_the_python_that_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As an emulator runs it; this one says what it was asked."""
        python = stand_in(tmp_path / "a python", version="3.13")
        monkeypatch.setenv(
            f"PENSTOCK_PYTHON_{native.architecture_of(OTHER).upper()}", f"'{python}' -X dev"
        )
        native.compiler_for(OTHER)(tmp_path / "in", tmp_path / "out", library=tmp_path / "its.so")
        asked = (tmp_path / "asked").read_text()
        assert asked.startswith("-X dev -I -c")
        assert f"{tmp_path / 'its.so'} {OTHER.target}" in asked


def stand_in(path: Path, *, version: str) -> Path:
    """A program that tells a version, and otherwise writes down how it was called."""
    path.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = --version ]; then echo "wasmtime {version}"; exit; fi\n'
        f"echo \"$@\" > '{path.parent}/asked'\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_processor_without_a_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make setup` goes on there, with the other engine, and says so."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(NoGuestHere, match="riscv64"):
        this_machine()


def test_artefacts_take_the_place_of_others_whole(tmp_path: Path) -> None:
    """What an older build left under another name would be shipped beside the new one."""
    fresh, place = tmp_path / "fresh", tmp_path / "place"
    for folder in (fresh, place):
        folder.mkdir()
    (place / "guest-other.cwasm").write_text("old")
    (place / "guest.json").write_text("{}")
    (fresh / "guest.json").write_text(json.dumps({"files": {}}))
    (fresh / "guest-x.cwasm").write_text("new")
    artefacts.install(fresh, place=place)
    artefacts.install(fresh, place=place)  # again, over links to the same files
    assert {"guest-x.cwasm", "guest.json"} == {each.name for each in place.iterdir()}
    assert "new" == (place / "guest-x.cwasm").read_text()
