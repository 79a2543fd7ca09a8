"""`parameters.md` names each parameter of the template, with its default."""

import re
from typing import Any, Final

import pytest

from infra.scan import template

PARAMETERS: Final[dict[str, dict[str, Any]]] = template.stacks()[""]["Parameters"]
PAGE: Final = (template.ROOT / "docs/reference/parameters.md").read_text(encoding="utf-8")


def on_the_page() -> dict[str, str]:
    """The default of each parameter, as the page says it."""
    defaults: dict[str, str] = {}
    table = PAGE.partition("\n## ")[0]  # the sections below have tables of their own
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`(\w+)`", cells[0])
        if len(cells) == 3 and names:
            said = [each.strip(" `") for each in re.split(r", (?!\*)", cells[1])]
            defaults |= dict(zip(names, said * len(names) if len(said) == 1 else said, strict=True))
    return defaults


def test_the_page_has_every_parameter_and_no_other() -> None:
    """What stands nowhere is found by reading the template, or not at all."""
    assert sorted(PARAMETERS) == sorted(on_the_page())


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_the_page_says_the_default(name: str) -> None:
    """An admin compares what he has with what the page says."""
    assert str(PARAMETERS[name]["Default"]) == on_the_page()[name].replace("none", "")
