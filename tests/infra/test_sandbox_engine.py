"""The installation's engine: a parameter that reaches the sandbox, and no other function."""

from typing import Final

import pytest

from infra.scan import template
from sandbox import settings
from sandbox.engines import EngineName

VARIABLE: Final = "PENSTOCK_SANDBOX_ENGINE"


def test_an_installation_chooses_and_otherwise_takes_the_best_that_it_can_use() -> None:
    """An update must not leave an installation without an engine that works."""
    parameter = template.stacks()[""]["Parameters"]["DefaultEngine"]
    assert "auto" == parameter["Default"]
    assert ["auto", *EngineName] == parameter["AllowedValues"]
    [sandbox] = [
        each for each in template.resources("AWS::CloudFormation::Stack") if each.name == "Sandbox"
    ]
    assert {"Ref": "DefaultEngine"} == sandbox.properties["Parameters"]["Engine"]


@pytest.mark.parametrize("engine", ["auto", *EngineName])
def test_what_was_chosen_is_what_the_sandbox_is_set_to(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parameter that nothing reads is a promise that nobody keeps."""
    function = template.installed("Sandbox", Engine=engine)["SandboxFunction"]
    for name, value in function.properties["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)

    assert engine == settings.options().engine


def test_no_other_function_is_told() -> None:
    """A version's engine is on its record: whoever else decided could decide otherwise."""
    told = [
        function.name
        for function in template.functions()
        if VARIABLE in str(function.properties.get("Environment"))
    ]
    assert ["SandboxFunction"] == told
