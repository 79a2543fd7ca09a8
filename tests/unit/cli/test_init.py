"""`penstock init`: a folder in which everything works at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import ROOT, Command

MAKE = ["make", f"PENSTOCK={sys.executable} -m cli.main"]


def tool(
    penstock: Command, *words: str, pythonpath: str = str(ROOT)
) -> subprocess.CompletedProcess[str]:
    """How another program ends in the new project."""
    return subprocess.run(  # noqa: S603 - our own command
        words,
        cwd=penstock.folder / "shop",
        env=penstock.environment | {"PYTHONPATH": pythonpath},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(penstock: Command) -> Path:
    """A project that the command has just made."""
    ran = penstock("init", "shop")
    assert 0 == ran.code, ran.err
    return penstock.folder / "shop"


def test_the_cases_of_a_new_project_pass(penstock: Command, project: Path) -> None:
    """With its own make target, so that the first thing somebody tries works."""
    ran = tool(penstock, *MAKE, "test")

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert project.is_dir()
    assert "2 passed" in ran.stdout


def test_the_types_in_a_new_project_check_its_function(penstock: Command, project: Path) -> None:
    """The project has the types itself: this package need not be installed."""
    # Its cache takes a file for unchanged that changes within a second and keeps its length.
    check = (sys.executable, "-m", "mypy", "--no-site-packages", "--no-incremental", "vip.py")

    right = tool(penstock, *check, pythonpath="")
    source = project / "vip.py"
    source.write_text(source.read_text("utf-8").replace('["value"]', '["valeu"]'), "utf-8")
    wrong = tool(penstock, *check, pythonpath="")

    assert 0 == right.returncode, right.stdout + right.stderr
    assert 1 == wrong.returncode
    assert 'has no key "valeu"' in wrong.stdout


def test_a_new_project_is_published_by_its_make_target(penstock: Command, project: Path) -> None:
    """From nothing to a live function with three commands."""
    ran = tool(penstock, *MAKE, "publish")

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert project.is_dir()
    assert 1 == penstock.api.get("/v1/functions/vip").json["live_version"]


def test_nothing_is_written_over_anything(penstock: Command, project: Path) -> None:
    """All files or none: half a project would pass for a whole one."""
    (project / "vip.py").unlink()
    (project / "Makefile").write_text("mine", "utf-8")

    again = penstock("init", "shop", "--json")

    assert (2, "file_exists") == (again.code, again.json["error"]["code"])
    assert "shop/Makefile" in again.json["error"]["message"]
    assert not (project / "vip.py").exists()
    assert "mine" == (project / "Makefile").read_text("utf-8")


def test_a_folder_that_cannot_be_made_is_named(penstock: Command) -> None:
    """With what the system says of it."""
    penstock.write("taken", "")

    ran = penstock("init", "taken/shop")

    assert 2 == ran.code
    assert "cannot write taken/shop" in ran.err
