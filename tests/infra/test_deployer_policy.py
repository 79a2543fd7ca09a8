"""The policy of whoever deploys, held against what AWS's schemas say that each resource needs."""

import json
import subprocess
from fnmatch import fnmatchcase
from typing import Any, Final

import pytest

from infra.local.place import CLOUD_VENV
from infra.scan import template

POLICY: Final[dict[str, Any]] = json.loads(
    (template.ROOT / "infra" / "policies" / "deployer.json").read_text(encoding="utf-8")
)
# What SAM makes of a function, its sources and a layer.
BY_SAM: Final = (
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Scheduler::Schedule",
    "AWS::IAM::Role",
)
# AWS's schema names what the resource type may need with properties that the template has not.
UNUSED: Final = {
    "*:AllowVendedLogDeliveryForResource": "logs of another service",
    "S3:*": "a website",
    "ec2:*VpcEncryptionControl*": "an encryption control",
    "ec2:AssociateRouteTable": "a route table",
    "ec2:AssociateSubnetCidrBlock": "IPv6",
    "ec2:AuthorizeSecurityGroupIngress": "a rule that lets in",
    "ec2:CreateNetwork*": "an interface of one's own",
    "ec2:CreateVpcPeering*": "a peering",
    "ec2:DescribeInstances": "a machine",
    "ec2:DescribeNetworkAcls": "an access list",
    "ec2:DescribeRouteTables": "a route table",
    "ec2:DescribeTags": "tags read one by one",
    "ec2:DescribeVpcEndpoint*": "an endpoint",
    "ec2:DisassociateSubnetCidrBlock": "IPv6",
    "ec2:ModifyVpcTenancy": "tenancy",
    "ec2:ReplaceNetworkAcl*": "an access list",
    "ec2:RevokeSecurityGroupIngress": "a rule that lets in",
    "ec2:UpdateSecurityGroupRuleDescriptions*": "descriptions of rules",
    "elasticfilesystem:*": "a file system",
    "firehose:*": "a delivery stream",
    "glue:*Connection": "a database elsewhere",
    "iam:*Group*": "a group",
    "iam:*User*": "a user",
    "iam:CreateServiceLinkedRole": "none is missing",
    "iam:ListRoles": "to find roles that the stack has not made",
    "kinesis:*": "a stream of Kinesis",
    "kms:*": "what is encrypted otherwise than here",
    "lakeformation:*": "rights by Lake Formation",
    "redshift:*": "a resource policy",
    "s3files:*": "a file system",
    "s3tables:*": "tables of S3",
}
ALWAYS: Final = {
    *("kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "kms:PutKeyPolicy"),
    "events:AllowVendedLogDeliveryForResource",
}
READ: Final = """
import json, sys
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as manager
needed = {}
for kind in sys.argv[1:]:
    handlers = manager.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
    needed[kind] = sorted({each for one in handlers.values() for each in one["permissions"]})
print(json.dumps(needed))
"""


def needed() -> dict[str, list[str]]:
    """The actions that each type of resource of the template needs, by AWS's published schemas."""
    kinds = {
        resource["Type"]
        for stack in template.stacks().values()
        for resource in stack["Resources"].values()
        if not resource["Type"].startswith("AWS::Serverless::")
    }
    done = subprocess.run(  # noqa: S603 - the schemas are in the environment of cfn-lint
        [str(CLOUD_VENV / "bin" / "python"), "-c", READ, *sorted({*kinds, *BY_SAM})],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, list[str]] = json.loads(done.stdout)
    return answer


def allowed(action: str) -> bool:
    """Whether a statement allows the action on anything."""
    given = [each for statement in POLICY["Statement"] for each in statement["Action"]]
    return any(fnmatchcase(action.lower(), each.lower()) for each in given)


def test_whoever_has_the_policy_may_do_all_that_the_resources_of_the_template_need() -> None:
    """One that is missing shows in the middle of a deployment, which then goes back."""
    missing = {
        (kind, action)
        for kind, actions in needed().items()
        for action in actions
        if not allowed(action)
        if action in ALWAYS or not any(fnmatchcase(action, unused) for unused in UNUSED)
    }
    assert set() == missing


def test_it_can_be_made_a_policy_of_the_account() -> None:
    """AWS takes 6,144 characters without blanks, and one name for a statement."""
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= 6144
    sids = [statement["Sid"] for statement in POLICY["Statement"]]
    assert sorted(sids) == sorted(set(sids))


@pytest.mark.parametrize("statement", POLICY["Statement"], ids=lambda each: each["Sid"])
def test_whoever_has_it_reaches_nothing_that_is_called_otherwise(statement: dict[str, Any]) -> None:
    """All of a service is allowed for names that begin with penstock only; roles, by the name."""
    if statement["Resource"] == "*":
        assert not [each for each in statement["Action"] if "*" in each]
    if any(action.startswith("iam:") for action in statement["Action"]):
        assert "arn:aws:iam::*:role/penstock*" == statement["Resource"]
