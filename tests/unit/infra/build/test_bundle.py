"""What the sandbox's bundle holds, for this machine and for Lambda's architectures."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from infra.build import bundle
from infra.build.commands import ROOT
from infra.build.guest import artefacts, native
from infra.build.guest.machines import LAMBDA, NoGuestHere, this_machine
from infra.build.sizes import MAX_ZIPPED_BYTES, Sizes, sizes

ARTEFACTS = artefacts.HERE.relative_to(ROOT)
OWN = native.architecture_of(this_machine())
OTHER = next(name for name in LAMBDA if name != OWN)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the sandbox for the local cloud."""
    place = tmp_path_factory.mktemp("bundle")
    bundle.build(bundle.SANDBOX, bundle.host(), into=place)
    return place


def test_the_bundle_has_the_guest_for_its_machine_with_its_hashes(made: Path) -> None:
    """The engine loads nothing whose hash does not stand in the manifest beside it."""
    machine = this_machine()
    manifest = json.loads((made / ARTEFACTS / artefacts.MANIFEST).read_text())
    assert {machine.guest, machine.library} == manifest["files"].keys()
    names = {each.name for each in (made / ARTEFACTS).iterdir()}
    assert {machine.guest, machine.library, artefacts.MANIFEST} == names
    for name, identity in manifest["files"].items():
        content = (made / ARTEFACTS / name).read_bytes()
        assert identity == {
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        }


def test_the_bundle_has_the_engine_but_not_the_sources_of_its_guest(made: Path) -> None:
    """They are in the component; outside it nothing may import them."""
    assert (made / "sandbox" / "engines" / "wasm" / "binding.py").is_file()
    assert (made / "sandbox" / "sdk" / "__init__.py").is_file()
    assert not (made / "sandbox" / "guest").exists()


@pytest.mark.parametrize(
    "recipe", [bundle.FUNCTIONS, bundle.DEPENDENCIES, bundle.SANDBOX], ids=lambda each: each.name
)
def test_a_bundle_is_the_same_to_the_byte_wherever_it_is_built(
    tmp_path: Path, recipe: bundle.Recipe
) -> None:
    """Whoever distrusts a release builds it again, and compares."""
    target = bundle.host()
    guest = bundle.guest_for(target) if recipe.guest else None
    built = []
    for place in (tmp_path / "a", tmp_path / "far" / "away"):
        bundle.fill(place, recipe=recipe, target=target, guest=guest)
        paths = sorted(path for path in place.rglob("*") if path.is_file())
        built.append(
            [
                (path.relative_to(place), _sha256(path), path.stat().st_mtime, path.stat().st_mode)
                for path in paths
            ]
        )
    assert built[0] == built[1]
    assert built[0]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_bundle_can_be_uploaded_at_once(made: Path) -> None:
    """Lambda takes 50 MB of zip; above it a deployment has to go by S3."""
    weight = sizes(made)
    assert weight.zipped <= MAX_ZIPPED_BYTES
    assert weight.zipped < weight.unzipped


def test_sizes_are_those_of_the_zip_and_of_its_content(tmp_path: Path) -> None:
    """Of files in folders too."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "zeros").write_bytes(bytes(100_000))
    (tmp_path / "one").write_bytes(b"1")
    zipped = tmp_path.with_suffix(".zip")
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a" / "b" / "zeros", "a/b/zeros")
        archive.write(tmp_path / "one", "one")
    assert Sizes(zipped=zipped.stat().st_size, unzipped=100_001) == sizes(tmp_path)


def test_a_bundle_whose_guest_cannot_be_compiled_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox that silently lacks an engine would fail every function of it, in production."""
    _without_compilers(tmp_path, monkeypatch)
    with pytest.raises(SystemExit) as refusal:
        bundle.build(bundle.SANDBOX, bundle.cloud(OTHER), into=tmp_path / "made")
    assert f"cannot be compiled for {OTHER}" in str(refusal.value)
    assert not (tmp_path / "made").exists()


def test_a_bundle_without_the_engine_is_built_when_the_admin_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says once more what that means."""
    _without_compilers(tmp_path, monkeypatch)
    monkeypatch.setenv("PENSTOCK_BUILD_WITHOUT_WASM", "1")
    assert bundle.guest_for(bundle.cloud(OTHER)) is None
    assert "WITHOUT ENGINE WASM" in capsys.readouterr().err


def test_a_machine_that_no_guest_can_be_made_for_gets_the_other_engine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The local cloud runs there all the same, and says why it has one engine only."""
    target = bundle.Target(
        name="host-riscv64", pip_options=(), python=None, guest=NoGuestHere("no wheels for riscv64")
    )
    assert bundle.guest_for(target) is None
    assert "no wheels for riscv64" in capsys.readouterr().err


def test_another_guest_makes_another_bundle(tmp_path: Path) -> None:
    """The cache would hand out the old one otherwise."""
    (tmp_path / artefacts.MANIFEST).write_text('{"made_from": "old"}')
    before = bundle.fingerprint(bundle.SANDBOX, bundle.host(), guest=tmp_path)
    (tmp_path / artefacts.MANIFEST).write_text('{"made_from": "new"}')
    assert before != bundle.fingerprint(bundle.SANDBOX, bundle.host(), guest=tmp_path)
    assert before != bundle.fingerprint(bundle.SANDBOX, bundle.host(), guest=None)


def _without_compilers(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has neither an emulator nor the command line of Wasmtime."""
    for name in ("PENSTOCK_PYTHON_ARM64", "PENSTOCK_PYTHON_X86_64", "PENSTOCK_WASMTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(store))
    monkeypatch.setattr(artefacts, "STORE", store / "guests")
