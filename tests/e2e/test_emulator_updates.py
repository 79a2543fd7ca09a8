"""What the emulator keeps when a stack is updated: data, and the attributes of what stays."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from infra.local import emulator
from tests import cloud as clouds

pytestmark = pytest.mark.e2e

STACK: Final = "parent"
CHILD: Final = {
    "Parameters": {"Protected": {"Type": "String"}},
    "Conditions": {"IsProtected": {"Fn::Equals": [{"Ref": "Protected"}, "true"]}},
    "Resources": {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "DependsOn": "Bucket",  # whose name is made of a seed
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "DeletionProtectionEnabled": {"Fn::If": ["IsProtected", True, False]},
            },
        },
    },
    "Outputs": {
        "Table": {"Value": {"Ref": "Table"}},
        "Rule": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}},
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The emulator."""
    with clouds.emulator("updates") as where:
        yield where


def client(service: str, endpoint: str) -> Any:
    """A client as the account's root."""
    return emulator.root().client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def deployed(endpoint: str, *, protected: str) -> dict[str, str]:
    """The outputs of a stack with a nested one, made or updated."""
    s3, cloudformation = client("s3", endpoint), client("cloudformation", endpoint)
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.json", Body=json.dumps(CHILD).encode())
    child = {
        "TemplateURL": f"{endpoint}/templates/child.json",
        "Parameters": {"Protected": protected},
    }
    outputs = {
        name: {"Value": {"Fn::GetAtt": ["Child", f"Outputs.{name}"]}} for name in ("Table", "Rule")
    }
    body = {
        "Resources": {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": child}},
        "Outputs": outputs,
    }
    known = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
    change, waiter = (
        (cloudformation.update_stack, "stack_update_complete")
        if STACK in known
        else (cloudformation.create_stack, "stack_create_complete")
    )
    change(StackName=STACK, TemplateBody=json.dumps(body))
    cloudformation.get_waiter(waiter).wait(StackName=STACK, WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_a_table_of_a_nested_stack_keeps_its_items_and_a_rule_its_arn(endpoint: str) -> None:
    """As in AWS: the table changes in its place, and the rule does not change at all."""
    before = deployed(endpoint, protected="false")
    dynamodb, item = client("dynamodb", endpoint), {"pk": {"S": "kept"}}
    dynamodb.put_item(TableName=before["Table"], Item=item)

    after = deployed(endpoint, protected="true")

    assert before == after
    assert [item] == dynamodb.scan(TableName=after["Table"])["Items"]
