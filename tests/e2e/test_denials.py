"""Each function is refused, with its own credentials, what only its neighbours may do.

The calls come from the deployed policies: all that any role allows and the function's own does not.
"""

import fnmatch
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import emulator
from infra.local.emulator import REGION
from infra.local.state import LocalCloud
from infra.removal import statements
from infra.scan import template

pytestmark = pytest.mark.e2e

# A function that gives away the credentials that Lambda has given it; it exists in the tests only.
TELLTALE: Final = """\
import os

def handler(names, context):
    return {name: os.environ[name] for name in names}
"""
KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REFUSALS: Final = frozenset({"AccessDenied", "AccessDeniedException", "AccessDeniedError"})
ROLES: Final = sorted(
    template.resolve(function.properties["Role"], stack=function.stack).rpartition(".")[2]
    for function in template.functions()
)
ITEM: Final = {"pk": {"S": "intruder"}, "sk": {"S": "intruder"}}
NEVER_CALLED: Final = frozenset(
    {
        "dynamodb:ConditionCheckItem",  # a part of a transaction, which asks for its other part too
        "redshift-serverless:GetCredentials",  # Redshift's own call
        "s3:GetBucketLocation",  # Redshift's own call
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What some role may do."""

    action: str
    arn: str  # of one resource

    def __str__(self) -> str:
        """The grant, in an error."""
        return f"{self.action} on {self.arn}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of a local cloud, with what its roles may do."""

    local: LocalCloud
    root: boto3.Session
    holders: dict[str, str]  # the roles' names in the account, by those in the template
    grants: dict[str, list[Grant]]  # by the role's name in the template; wildcards as they stand

    def client(self, service: Any, session: boto3.Session | None = None) -> Any:
        """A client of one of its services; without a session as the account's root."""
        endpoint = self.local.aws_endpoint
        if service == "redshift-data":
            endpoint = self.local.redshift_endpoint
        return (session or self.root).client(service, endpoint_url=endpoint)

    def may(self, role: str, grant: Grant) -> bool:
        """Whether the role's own statements allow it."""
        return any(
            own.action == grant.action and fnmatch.fnmatchcase(grant.arn, own.arn)
            for own in self.grants.get(role, ())
        )

    def neighbours(self, role: str) -> Iterator[Grant]:
        """What other roles may do, and this one may not."""
        of_others = {
            Grant(action=grant.action, arn=grant.arn.replace("*", "intruder"))
            for other, grants in self.grants.items()
            if other != role
            for grant in grants
            if grant.arn != "*"
        }
        yield from sorted((each for each in of_others if not self.may(role, each)), key=str)


@pytest.fixture(scope="module")
def account(local_cloud: LocalCloud) -> Account:
    """What the deployed roles may do."""
    root = emulator.root()
    bare = Account(local=local_cloud, root=root, holders={}, grants={})
    iam, stacks = bare.client("iam"), bare.client("cloudformation")
    holders: dict[str, str] = {}
    grants: dict[str, list[Grant]] = {}
    for statement in statements.read(iam, stacks, stack=local_cloud.stack):
        holders[statement.role] = statement.holder
        grants.setdefault(statement.role, []).extend(
            Grant(action=action, arn=arn)
            for action in statement.actions
            for arn in statement.arns
            if action not in NEVER_CALLED
        )
    return Account(local=local_cloud, root=root, holders=holders, grants=grants)


@pytest.mark.parametrize("role", ROLES)
def test_a_function_is_refused_what_only_its_neighbours_may_do(account: Account, role: str) -> None:
    """Whoever takes one function over must not have the next."""
    session = _session(account, role)
    client = cache(lambda service: account.client(service, session))
    grants = list(account.neighbours(role))
    assert len(grants) > 50
    let_in = [str(grant) for grant in grants if not _is_refused(client, grant)]
    assert [] == let_in


def test_the_sandbox_is_refused_everything(account: Account) -> None:
    """It has no statement, so all that anybody may do is its neighbours'."""
    everything = {
        (grant.action, grant.arn.replace("*", "intruder"))
        for grants in account.grants.values()
        for grant in grants
        if grant.arn != "*"
    }
    tried = {(grant.action, grant.arn) for grant in account.neighbours("SandboxRole")}
    assert everything == tried


def _session(account: Account, role: str) -> boto3.Session:
    """The credentials of a function with this role, as Lambda hands them to it."""
    functions, archive = account.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("telltale.py", TELLTALE)
    [arn] = [arn for arn in _roles(functions) if f"-{role}-" in arn]
    name = f"telltale-{uuid.uuid4().hex}"
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=arn,
        Handler="telltale.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    try:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(KEYS).encode())
        keys = json.loads(answer["Payload"].read())
    finally:
        functions.delete_function(FunctionName=name)
    return boto3.Session(
        region_name=REGION,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"],
    )


def _roles(functions: Any) -> list[str]:
    """The ARNs of all functions' roles."""
    pages = functions.get_paginator("list_functions").paginate()
    return [each["Role"] for page in pages for each in page["Functions"]]


def _is_refused(client: Callable[[str], Any], grant: Grant) -> bool:
    try:
        CALLS[grant.action](client, grant.arn)
    except ClientError as problem:
        return problem.response["Error"]["Code"] in REFUSALS
    return False


def _table(arn: str) -> str:
    return arn.partition(":table/")[2].partition("/")[0]


def _queue(arn: str) -> str:
    return f"http://127.0.0.1/{'/'.join(arn.split(':')[-2:])}"


def _place(arn: str) -> dict[str, str]:
    bucket, _, key = arn.rpartition(":")[2].partition("/")
    return {"Bucket": bucket, "Key": key}


def _index(arn: str) -> dict[str, Any]:
    return {"IndexName": arn.partition("/index/")[2]} if "/index/" in arn else {}


CALLS: Final[dict[str, Callable[[Callable[[str], Any], str], Any]]] = {
    "dynamodb:GetItem": lambda c, arn: c("dynamodb").get_item(TableName=_table(arn), Key=ITEM),
    "dynamodb:PutItem": lambda c, arn: c("dynamodb").put_item(TableName=_table(arn), Item=ITEM),
    "dynamodb:UpdateItem": lambda c, arn: c("dynamodb").update_item(
        TableName=_table(arn), Key=ITEM
    ),
    "dynamodb:DeleteItem": lambda c, arn: c("dynamodb").delete_item(
        TableName=_table(arn), Key=ITEM
    ),
    "dynamodb:BatchGetItem": lambda c, arn: c("dynamodb").batch_get_item(
        RequestItems={_table(arn): {"Keys": [ITEM]}}
    ),
    "dynamodb:BatchWriteItem": lambda c, arn: c("dynamodb").batch_write_item(
        RequestItems={_table(arn): [{"PutRequest": {"Item": ITEM}}]}
    ),
    "dynamodb:Query": lambda c, arn: c("dynamodb").query(
        TableName=_table(arn),
        **_index(arn),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": ITEM["pk"]},
    ),
    "dynamodb:DescribeStream": lambda c, arn: c("dynamodbstreams").describe_stream(StreamArn=arn),
    "dynamodb:GetShardIterator": lambda c, arn: c("dynamodbstreams").get_shard_iterator(
        StreamArn=arn, ShardId=f"shardId-{'0' * 20}", ShardIteratorType="LATEST"
    ),
    "dynamodb:GetRecords": lambda c, arn: c("dynamodbstreams").get_records(ShardIterator=arn),
    "dynamodb:ListStreams": lambda c, arn: c("dynamodbstreams").list_streams(TableName=_table(arn)),
    "events:PutEvents": lambda c, arn: c("events").put_events(
        Entries=[
            {
                "EventBusName": arn.rpartition("/")[2],
                "Source": "intruder",
                "DetailType": "intruder",
                "Detail": "{}",
            }
        ]
    ),
    "kms:Decrypt": lambda c, arn: c("kms").decrypt(KeyId=arn, CiphertextBlob=b"intruder"),
    "kms:GenerateDataKey": lambda c, arn: c("kms").generate_data_key(KeyId=arn, KeySpec="AES_256"),
    "lambda:InvokeFunction": lambda c, arn: c("lambda").invoke(FunctionName=arn, Payload=b"{}"),
    "logs:CreateLogStream": lambda c, arn: c("logs").create_log_stream(
        logGroupName=arn.split(":")[6], logStreamName="intruder"
    ),
    "logs:PutLogEvents": lambda c, arn: c("logs").put_log_events(
        logGroupName=arn.split(":")[6],
        logStreamName="intruder",
        logEvents=[{"timestamp": 1, "message": "intruder"}],
    ),
    "redshift-data:ExecuteStatement": lambda c, _: c("redshift-data").execute_statement(
        WorkgroupName="penstock", Database="penstock", Sql="SELECT 1"
    ),
    "redshift-data:BatchExecuteStatement": lambda c, _: c("redshift-data").batch_execute_statement(
        WorkgroupName="penstock", Database="penstock", Sqls=["SELECT 1"]
    ),
    "s3:GetObject": lambda c, arn: c("s3").get_object(**_place(arn)),
    "s3:PutObject": lambda c, arn: c("s3").put_object(**_place(arn), Body=b"intruder"),
    "s3:DeleteObject": lambda c, arn: c("s3").delete_object(**_place(arn)),
    "s3:ListBucket": lambda c, arn: c("s3").list_objects_v2(Bucket=_place(arn)["Bucket"]),
    "sqs:SendMessage": lambda c, arn: c("sqs").send_message(
        QueueUrl=_queue(arn), MessageBody="intruder"
    ),
    "sqs:ReceiveMessage": lambda c, arn: c("sqs").receive_message(QueueUrl=_queue(arn)),
    "sqs:DeleteMessage": lambda c, arn: c("sqs").delete_message(
        QueueUrl=_queue(arn), ReceiptHandle="intruder"
    ),
    "sqs:ChangeMessageVisibility": lambda c, arn: c("sqs").change_message_visibility(
        QueueUrl=_queue(arn), ReceiptHandle="intruder", VisibilityTimeout=1
    ),
    "sqs:GetQueueAttributes": lambda c, arn: c("sqs").get_queue_attributes(
        QueueUrl=_queue(arn), AttributeNames=["QueueArn"]
    ),
    "sts:AssumeRole": lambda c, arn: c("sts").assume_role(RoleArn=arn, RoleSessionName="intruder"),
}
