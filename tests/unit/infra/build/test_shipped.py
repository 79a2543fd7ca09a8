"""What ships: each package with its licence, and documents that say the same every time."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from infra.build import bundle, shipped
from infra.scan import sbom

ALL = {each.name: each for name in shipped.BUNDLES for each in shipped.packages(name)}


def test_every_package_that_ships_has_a_licence_and_no_other_has() -> None:
    """A package that comes in with an update is read by a person first."""
    assert set(shipped.licences()) == set(ALL)


def test_every_lock_of_a_recipe_is_listed() -> None:
    """A bundle that nobody lists ships what nobody has read."""
    recipes = (bundle.SANDBOX, bundle.DEPENDENCIES, bundle.WAREHOUSE)
    for recipe in recipes:
        assert recipe.theirs.removesuffix(".txt") in shipped.BUNDLES[recipe.name]
    assert not bundle.FUNCTIONS.theirs


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_package_says_the_same_licence_of_itself(name: str) -> None:
    """Where it is installed here at the version that ships, and says so in SPDX's words."""
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return  # parts of the guest are installed nowhere on this side
    if about["Version"] == ALL[name].version and about["License-Expression"]:
        assert about["License-Expression"] == ALL[name].licence


def test_each_file_that_a_lock_allows_is_in_the_document() -> None:
    """Who has an artefact in hand can find it by its hash."""
    components = {each["name"]: each for each in sbom.document("sandbox")["components"]}
    lock = (shipped.REQUIREMENTS / "engine.txt").read_text()
    [files] = components["wasmtime"]["externalReferences"]
    assert len(files["hashes"]) == lock.count("--hash=sha256:") > 0
    assert all(each["content"] in lock for each in files["hashes"])


def test_the_same_locks_give_the_same_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases that differ in nothing have equal documents."""
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        monkeypatch.setattr("sys.argv", ["sbom", str(folder)])
        sbom.main()
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert {json.loads(text)["bomFormat"] for text in written[0].values()} == {"CycloneDX"}
