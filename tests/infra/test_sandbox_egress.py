"""The two variants of the sandbox's stack: with the internet, and without any network."""

from typing import Any, Final

import pytest

from infra.scan import template
from infra.scan.template import Resource

OPEN: Final = template.installed("Sandbox", Egress="internet")
SHUT: Final = template.installed("Sandbox", Egress="none")


def _statements(variant: dict[str, Resource]) -> dict[str, dict[str, Any]]:
    [policy] = [each for each in variant.values() if each.kind == "AWS::IAM::Policy"]
    assert [{"Ref": "SandboxRole"}] == policy.properties["Roles"]
    found = policy.properties["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def _variables(engine: str, *, egress: str) -> dict[str, str]:
    """All that the sandbox's code is told: no name, no address, no key of anything."""
    return {"PENSTOCK_SANDBOX_EGRESS": egress, "PENSTOCK_SANDBOX_ENGINE": engine}


def test_an_installation_chooses_and_the_internet_is_what_it_has_otherwise() -> None:
    """An update must not take away what functions live on."""
    parameter = template.stacks()[""]["Parameters"]["SandboxEgress"]
    assert ("internet", ["internet", "none"]) == (parameter["Default"], parameter["AllowedValues"])
    [sandbox] = [
        each for each in template.resources("AWS::CloudFormation::Stack") if each.name == "Sandbox"
    ]
    assert {"Ref": "SandboxEgress"} == sandbox.properties["Parameters"]["Egress"]


def test_with_the_internet_there_is_no_network_of_ours_and_no_policy() -> None:
    """Nothing is paid, waited for or permitted that is not needed."""
    kinds = {each.kind for each in OPEN.values()}
    assert {"AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Lambda::Function"} == kinds
    function = OPEN["SandboxFunction"].properties
    assert "VpcConfig" not in function
    assert _variables("auto", egress="internet") == function["Environment"]["Variables"]


def test_without_it_the_function_is_told_and_stands_in_the_dead_end_in_two_zones() -> None:
    """The code is told so that calls fail at once, with a code, not after a timeout."""
    function = SHUT["SandboxFunction"].properties
    assert _variables("auto", egress="none") == function["Environment"]["Variables"]
    subnets = [SHUT[each["Ref"]].properties for each in function["VpcConfig"]["SubnetIds"]]
    assert [{"Ref": "DeadEnd"}] * 2 == [subnet["VpcId"] for subnet in subnets]
    assert 2 == len({str(subnet["AvailabilityZone"]) for subnet in subnets})
    assert {"TenantIsolationMode": "PER_TENANT"} == function["TenancyConfig"]


def test_nothing_leads_out_of_the_dead_end() -> None:
    """An escape into the parent process must find no way to anybody, not even by DNS."""
    # A gateway, an endpoint, a peering, a route: each would be a resource of another kind.
    added = {each.kind for name, each in SHUT.items() if name not in OPEN}
    network = {"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"}
    assert network | {"AWS::IAM::Policy"} == added
    assert SHUT["DeadEnd"].properties["EnableDnsSupport"] is False
    [group] = SHUT["SandboxFunction"].properties["VpcConfig"]["SecurityGroupIds"]
    rules = SHUT[group["Ref"]].properties
    # Without any rule of ours AWS would add one that allows everything.
    assert ["127.0.0.1/32"] == [rule["CidrIp"] for rule in rules["SecurityGroupEgress"]]
    assert "SecurityGroupIngress" not in rules


def test_lambda_may_make_interfaces_and_the_code_still_may_do_nothing() -> None:
    """The credentials are in the code's environment: whoever escapes has them in hand."""
    statements = _statements(SHUT)
    assert {"LetLambdaMakeInterfaces", "RefuseTheCodeEverything"} == set(statements)
    allowed = statements["LetLambdaMakeInterfaces"]
    assert "Allow" == allowed["Effect"]
    assert {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    } == set(allowed["Action"])
    refused = statements["RefuseTheCodeEverything"]
    assert ("Deny", "*", "*") == (refused["Effect"], refused["Action"], refused["Resource"])
    # "false" is IAM's way to say: the key is there, so the call comes from inside the function.
    assert {"Null": {"lambda:SourceFunctionArn": "false"}} == refused["Condition"]
    assert {"AssumeRolePolicyDocument"} == set(SHUT["SandboxRole"].properties)


@pytest.mark.parametrize("subnet", ["DeadEndA", "DeadEndB"])
def test_the_permission_outlives_the_network(subnet: str) -> None:
    """Deleted before the interfaces are, it would leave them behind, and the stack undeletable."""
    assert "InterfacePolicy" == SHUT[subnet].raw["DependsOn"]
