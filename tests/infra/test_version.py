"""The version stands in four places, and is one."""

import tomllib
from pathlib import Path

import pytest

from infra.scan import template
from runtime.version import VERSION
from tests.pages import ROOT


@pytest.mark.parametrize("file", ["pyproject.toml", "infra/build/receiver/pyproject.toml"])
def test_the_packages_have_the_version_of_the_code(file: str) -> None:
    """What is installed says what it is."""
    assert VERSION == tomllib.loads((ROOT / Path(file)).read_text())["project"]["version"]


def test_the_stack_says_the_version_of_its_code() -> None:
    """`penstock doctor` compares it with its own."""
    outputs = template.load(ROOT / "template.yaml")["Outputs"]

    assert VERSION == outputs["Version"]["Value"]


def test_the_changelog_has_a_part_for_what_is_not_released() -> None:
    """A change is written down with its commit, not remembered at the release."""
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
