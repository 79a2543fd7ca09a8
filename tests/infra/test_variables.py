"""No variable of a function is a secret: whoever may describe a function reads them all."""

import re
from typing import Any, Final

import pytest

from infra.scan import template
from infra.scan.template import Resource, name

FUNCTIONS: Final = template.functions()
# What the names of secrets end with, or begin with.
SECRETIVE: Final = re.compile(r"(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS?|API_KEY|KEY)(_|$)")
# Names that are so called, and hold the name of something.
NAMES_ONLY: Final = {
    "PENSTOCK_KMS_KEY_ID": "the ARN of the key that seals secrets; a role says who may use it",
}
# How CloudFormation would write a secret of Secrets Manager or of SSM out in full.
DYNAMIC: Final = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure)")


def variables(function: Resource) -> dict[str, Any]:
    """The variables of a function, whatever they are made of."""
    given: dict[str, Any] = function.properties.get("Environment", {}).get("Variables", {})
    return given


def looks_secret(variable: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return bool(SECRETIVE.search(variable)) and variable not in NAMES_ONLY


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_no_variable_is_called_as_a_secret_is(function: Resource) -> None:
    """One that holds a name and is called so stands in the table above, with what it holds."""
    assert [] == [each for each in variables(function) if looks_secret(each)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_no_variable_has_a_value_that_cloudformation_takes_out_of_a_safe(
    function: Resource,
) -> None:
    """It would be in plain sight in the console, in the logs of whoever prints it, in a backup."""
    values = str(variables(function))
    assert not DYNAMIC.search(values)
    hidden = [
        (stack, parameter)
        for stack, loaded in template.stacks().items()
        for parameter, each in loaded.get("Parameters", {}).items()
        if each.get("NoEcho")
    ]
    assert [] == hidden  # the template asks for no secret, so none can get into a variable


@pytest.mark.parametrize("variable", sorted(NAMES_ONLY))
def test_what_is_excused_is_there(variable: str) -> None:
    """An idle excuse would hide the next one."""
    assert SECRETIVE.search(variable)
    assert any(variable in variables(each) for each in FUNCTIONS)


@pytest.mark.parametrize(
    "variable", ["PENSTOCK_TOKEN", "DB_PASSWORD", "API_KEY", "SECRET_OF_X", "SIGNING_KEY"]
)
def test_a_secret_would_be_noticed_by_its_name(variable: str) -> None:
    """A rule that finds nothing has to show that it can."""
    assert looks_secret(variable)
