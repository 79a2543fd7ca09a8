"""How callers of the API come to a new version: by an alias, at once or bit by bit by CodeDeploy.

SAM itself expands the template with the parameter of a deployment, because SAM decides by it.
"""

import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from typing import Any, Final

import pytest

from infra.scan import template
from infra.scan.expand import CODE, expanded

AT_ONCE: Final = "AllAtOnce"
PARAMETERS: Final = template.stacks()[""]["Parameters"]
GRADUAL: Final = [each for each in PARAMETERS["Rollout"]["AllowedValues"] if each != AT_ONCE]
MAX_DESCRIPTION_CHARS: Final = 256  # that Lambda takes of a version
LAYER_ARN_CHARS: Final = len(
    "arn:aws-us-gov:lambda:ap-southeast-99:123456789012:layer:DependenciesLayer0123456789:9999"
)
# Properties of a function that are not of its versions: SAM looks at the code itself.
NOT_OF_A_VERSION: Final = {
    *("AutoPublishAlias", "VersionDescription", "DeploymentPreference"),
    *("CodeUri", "Architectures", "ReservedConcurrentExecutions", "Tags", "Events"),
}


@cache
def resources(rollout: str) -> dict[str, Any]:
    """What SAM makes of the root template."""
    made: dict[str, Any] = expanded(Rollout=rollout)["Resources"]
    return made


def kinds(rollout: str) -> set[str]:
    """The types of resources that it has."""
    return {each["Type"] for each in resources(rollout).values()}


def references(value: Any) -> Iterator[str]:
    """The names that a value refers to, of parameters and resources."""
    match value:
        case {"Ref": str() as name}:
            yield name
        case {"Fn::GetAtt": [str() as name, *_]}:
            yield name
        case {"Fn::Sub": str() as text}:
            yield from (each.partition(".")[0] for each in re.findall(r"\$\{([^!}]+)\}", text))
        case dict():
            for part in value.values():
                yield from references(part)
        case list():
            for part in value:
                yield from references(part)
        case _:
            pass


def api() -> dict[str, Any]:
    """The properties of the API's function, the globals applied."""
    [found] = [each for each in template.functions() if each.name == "ApiFunction"]
    return found.properties


def test_an_installation_has_nothing_of_codedeploy_unless_it_asks_for_it() -> None:
    """It may be in a region, or with rights, that have none; the local cloud is."""
    assert AT_ONCE == PARAMETERS["Rollout"]["Default"]
    assert not [each for each in kinds(AT_ONCE) if "CodeDeploy" in each]
    assert "UpdatePolicy" not in resources(AT_ONCE)["ApiFunctionAliaslive"]
    assert "RolloutStack" not in template.installed("")


@pytest.mark.parametrize("rollout", GRADUAL)
def test_callers_of_the_api_move_as_the_parameter_says(rollout: str) -> None:
    """The values are CodeDeploy's own names, so its pages say what each does."""
    made = resources(rollout)
    policy = made["ApiFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    group = made[policy["DeploymentGroupName"]["Ref"]]
    assert "AWS::CodeDeploy::DeploymentGroup" == group["Type"]
    text, values = group["Properties"]["DeploymentConfigName"]["Fn::Sub"]
    assert "CodeDeployDefault.Lambda${ConfigName}" == text
    assert {"ConfigName": rollout} == values
    assert "RolloutStack" in template.installed("", Rollout=rollout)


@pytest.mark.parametrize("rollout", GRADUAL)
def test_an_alarm_takes_the_deployment_back(rollout: str) -> None:
    """By itself: the person who deploys may look elsewhere for half an hour."""
    [group] = [
        each["Properties"]
        for each in resources(rollout).values()
        if each["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    ]
    back = group["AutoRollbackConfiguration"]
    assert back["Enabled"] is True
    assert {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"} <= set(back["Events"])
    assert group["AlarmConfiguration"]["Enabled"] is True
    for alarm in group["AlarmConfiguration"]["Alarms"]:
        named = template.by_id(template.resolve(alarm["Name"], stack=""))
        assert "AWS::CloudWatch::Alarm" == named.kind


@pytest.mark.parametrize("rollout", GRADUAL)
def test_codedeploy_may_change_the_alias_of_the_api_and_nothing_else(rollout: str) -> None:
    """AWS's own policy for it, which SAM takes by default, is for every alias of the account."""
    made = resources(rollout)
    [group] = [e for e in made.values() if e["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    role = template.resolve(group["Properties"]["ServiceRoleArn"], stack="")
    assert "RolloutStack.RolloutRole" == role
    assert not [e for e in made.values() if "codedeploy.amazonaws.com" in str(e)]  # none of SAM's
    changing = {
        template.resolve(each["Resource"][0], stack=role.stack)
        for role, each in template.statements()
        if "lambda:UpdateAlias" in each["Action"]
    }
    assert {".ApiFunction"} == changing


@pytest.mark.parametrize("rollout", [AT_ONCE, GRADUAL[0]])
def test_no_resource_waits_for_one_that_waits_for_it(rollout: str) -> None:
    """Callers move once the alarms are there, and these wait for what stands before the API."""
    made = resources(rollout)
    waits = {
        name: {each for each in references(resource) if each in made}
        for name, resource in made.items()
    }
    assert made.keys() == set(TopologicalSorter(waits).static_order())


def test_every_call_of_the_http_api_leads_by_the_alias() -> None:
    """A call of the function itself would meet the new code at once, whatever the alias says."""
    made = resources(AT_ONCE)
    permission = made["FrontMayCall"]["Properties"]
    assert {"Ref": "ApiFunctionAliaslive"} == permission["FunctionName"]
    front = made["Front"]["Properties"]["Parameters"]["ApiFunctionArn"]
    assert {"Fn::Sub": "${ApiFunction.Arn}:live"} == front
    assert "live" == made["ApiFunctionAliaslive"]["Properties"]["Name"]


def test_a_function_url_keeps_its_address_and_moves_all_callers_at_once() -> None:
    """An alias has another address, so whoever chose a rollout would lose his callers."""
    made = resources(AT_ONCE)
    function = {"Ref": "ApiFunction"}
    assert function == made["ApiFunctionUrl"]["Properties"]["TargetFunctionArn"]
    permissions = ("ApiFunctionUrlPublicPermissions", "ApiFunctionURLInvokeAllowPublicAccess")
    assert [function] * 2 == [made[name]["Properties"]["FunctionName"] for name in permissions]
    assert [] == template.refusals(ApiFront="url")
    for rollout in GRADUAL:
        assert [] == template.refusals(ApiFront="http-api", Rollout=rollout)
        [refusal] = template.refusals(ApiFront="url", Rollout=rollout)
        assert refusal.startswith("Rollout needs ApiFront=http-api")


def test_new_code_is_a_new_version() -> None:
    """Else the alias would go on with the old code, and the deployment would call it a success."""

    def version(key: str) -> list[str]:
        made = expanded(code={**CODE, "Key": key})["Resources"]
        return [name for name, each in made.items() if each["Type"] == "AWS::Lambda::Version"]

    assert version("of-today") != version("of-tomorrow")


def test_a_changed_parameter_is_a_new_version() -> None:
    """SAM looks at the code alone, and Lambda publishes nothing for what only the function has."""
    of_a_version = {k: v for k, v in api().items() if k not in NOT_OF_A_VERSION}
    # What nested stacks say changes with the template alone.
    used = {name for name in references(of_a_version) if name in PARAMETERS or "Layer" in name}
    assert used == set(references(api()["VersionDescription"]))


def test_a_versions_description_is_never_too_long_for_lambda() -> None:
    """The deployment would fail for whoever has the longest values, and for nobody here."""
    [text] = api()["VersionDescription"].values()
    named = re.findall(r"\$\{([^}]+)\}", text)
    longest = sum(_longest(name) for name in named)
    assert longest + len(re.sub(r"\$\{[^}]+\}", "", text)) <= MAX_DESCRIPTION_CHARS


def _longest(name: str) -> int:
    if name not in PARAMETERS:
        return LAYER_ARN_CHARS
    parameter = PARAMETERS[name]
    if "MaxValue" in parameter:
        return len(str(parameter["MaxValue"]))
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"])
    return max(len(str(each)) for each in parameter["AllowedValues"])
