"""What an installation can ask for beyond its defaults: keys, bounds, protection, a workgroup."""

from typing import Any, Final

import pytest

from infra.scan import template
from infra.scan.template import Resource, name

KEY: Final = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
BOUNDARY: Final = "arn:aws:iam::123456789012:policy/bound"
QUEUES: Final = template.resources("AWS::SQS::Queue")
TABLES: Final = template.resources("AWS::DynamoDB::Table")
ROLES: Final = template.resources("AWS::IAM::Role")
SCHEDULES: Final = [
    (function.name, schedule)
    for function in template.functions()
    for schedule in template.events(function, "ScheduleV2")
]
# SAM makes the role of a schedule, and it knows no key. A schedule's input names no person.
OF_SCHEDULES: Final = {
    template.resolve(schedule["DeadLetterConfig"]["Arn"], stack="") for _, schedule in SCHEDULES
}
PLAIN: Final = {"Bool": {"aws:SecureTransport": "false"}}
NAMES: Final = {
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::DeliverySource": "Name",
    "AWS::Logs::DeliveryDestination": "Name",
    "AWS::KMS::Alias": "AliasName",
    "AWS::RedshiftServerless::Namespace": "NamespaceName",
    "AWS::RedshiftServerless::Workgroup": "WorkgroupName",
}


@pytest.mark.parametrize("queue", QUEUES, ids=name)
def test_a_queue_takes_messages_over_tls_only(queue: Resource) -> None:
    """They are events of people; an SDK with a proxy's settings must not send them in the clear."""
    denying = [
        policy
        for policy in template.resources("AWS::SQS::QueuePolicy")
        if policy.stack == queue.stack
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if ("Deny", "*", "sqs:*", PLAIN)
        == tuple(statement.get(k) for k in ("Effect", "Principal", "Action", "Condition"))
        and queue.id in {template.resolve(arn, stack=queue.stack) for arn in statement["Resource"]}
    ]
    assert 1 == len(denying)
    assert {"Ref": queue.name} in denying[0].properties["Queues"]


def test_a_queue_has_one_policy() -> None:
    """The policy is an attribute of the queue: of two, the one that is written last is in force."""
    attached = [
        template.resolve(queue, stack=policy.stack)
        for policy in template.resources("AWS::SQS::QueuePolicy")
        for queue in policy.properties["Queues"]
    ]
    assert sorted(attached) == sorted(set(attached)) == sorted(queue.id for queue in QUEUES)


def test_the_alarms_topic_takes_alarms_of_this_account_over_tls() -> None:
    """Who may publish to it can wake people for nothing, until they stop listening."""
    [topic] = template.resources("AWS::SNS::Topic")
    [policy] = template.resources("AWS::SNS::TopicPolicy")
    allow, deny = policy.properties["PolicyDocument"]["Statement"]
    assert [{"Ref": topic.name}] == policy.properties["Topics"]
    assert ("Allow", {"Service": "cloudwatch.amazonaws.com"}) == (
        allow["Effect"],
        allow["Principal"],
    )
    assert {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}} == allow["Condition"]
    assert ("Deny", "*", PLAIN) == (deny["Effect"], deny["Principal"], deny["Condition"])


def test_the_bus_logs_what_it_cannot_hand_over_and_no_event() -> None:
    """Detail in a log would be personal data that no erasure finds."""
    [bus] = template.resources("AWS::Events::EventBus")
    assert {"Level": "ERROR", "IncludeDetail": "NONE"} == bus.properties["LogConfig"]


def test_the_log_of_the_bus_goes_where_it_ends_and_only_where_it_is_asked_for() -> None:
    """The bus itself writes nowhere: CloudWatch has to be told from where and to where."""
    parts = {"BusLogs", "BusErrors", "BusLogsDestination", "BusErrorsToLogs"}
    assert not parts & set(template.installed("Bus"))
    logged = template.installed("Bus", ErrorLog="true")
    assert parts <= set(logged)
    assert "30" == logged["BusLogs"].properties["RetentionInDays"]
    assert ("ERROR_LOGS", {"Fn::GetAtt": ["Bus", "Arn"]}) == (
        logged["BusErrors"].properties["LogType"],
        logged["BusErrors"].properties["ResourceArn"],
    )
    delivery = logged["BusErrorsToLogs"].properties
    assert {"Ref": "BusErrors"} == delivery["DeliverySourceName"]
    assert {"Fn::GetAtt": ["BusLogsDestination", "Arn"]} == delivery["DeliveryDestinationArn"]
    group = logged["BusLogsDestination"].properties["DestinationResourceArn"]
    assert {"Fn::GetAtt": ["BusLogs", "Arn"]} == group


@pytest.mark.parametrize("role", ROLES, ids=name)
@pytest.mark.parametrize(("boundary", "expected"), [(BOUNDARY, BOUNDARY), ("", None)])
def test_every_role_has_the_boundary_that_an_account_demands(
    role: Resource, boundary: str, expected: str | None
) -> None:
    """Where an account refuses to make a role without, one such role stops the deployment."""
    properties = template.installed(role.stack, PermissionsBoundaryArn=boundary)[role.name]
    assert expected == properties.properties.get("PermissionsBoundary")


@pytest.mark.parametrize(("function", "schedule"), SCHEDULES)
def test_a_schedules_role_has_the_boundary_too(function: str, schedule: dict[str, Any]) -> None:
    """SAM makes it; it is a role like the others."""
    wanted = ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]
    assert {"Fn::If": wanted} == schedule["PermissionsBoundary"], function


@pytest.mark.parametrize("table", TABLES, ids=name)
def test_a_table_is_sealed_by_the_key_of_the_installation(table: Resource) -> None:
    """Whoever turns the key off, turns all reading off, ours included."""
    sealed = template.installed(table.stack, DataKeyArn=KEY)[table.name].properties
    plain = template.installed(table.stack)[table.name].properties
    assert {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY} == sealed[
        "SSESpecification"
    ]
    assert "SSESpecification" not in plain  # DynamoDB encrypts anyway, by a key of its own


@pytest.mark.parametrize("queue", QUEUES, ids=name)
def test_a_queue_is_sealed_by_the_key_of_the_installation(queue: Resource) -> None:
    """Except those that a schedule sends to, in which there is no personal data."""
    sealed = template.installed(queue.stack, DataKeyArn=KEY)[queue.name].properties
    assert (KEY, False) == (
        sealed.get("KmsMasterKeyId", KEY if queue.id in OF_SCHEDULES else None),
        "SqsManagedSseEnabled" in sealed and queue.id not in OF_SCHEDULES,
    )
    assert ("KmsMasterKeyId" in sealed) is (queue.id not in OF_SCHEDULES)


def test_the_bucket_is_sealed_by_the_key_of_the_installation() -> None:
    """With a key of the bucket's between, or each object would cost a call of KMS."""
    for key, wanted in (
        (KEY, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}),
        ("", {"SSEAlgorithm": "AES256"}),
    ):
        bucket = template.installed("Storage", DataKeyArn=key)["Bucket"].properties
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert wanted == rule["ServerSideEncryptionByDefault"]
        assert bool(key) is rule.get("BucketKeyEnabled", False)


def test_whoever_uses_what_the_key_seals_may_use_the_key_by_those_services_alone() -> None:
    """A role without it fails at its first read; one with more could open what is not ours."""
    holders = set()
    for stack in template.stacks():
        if "DataKeyArn" not in template.stacks()[stack].get("Parameters", {}) or not stack:
            continue
        assert "UseDataKey" not in template.installed(stack)
        policy = template.installed(stack, DataKeyArn=KEY).get("UseDataKey")
        if policy is None:
            continue
        [statement] = policy.properties["PolicyDocument"]["Statement"]
        assert ["kms:Decrypt", "kms:GenerateDataKey"] == statement["Action"]
        assert KEY == statement["Resource"]
        services = statement["Condition"]["StringEquals"]["kms:ViaService"]
        assert ["dynamodb", "s3", "sqs"] == [each["Fn::Sub"].split(".")[0] for each in services]
        holders |= {f"{stack}.{role['Ref']}" for role in policy.properties["Roles"]}
    # The sandbox may do nothing at all, the loader speaks to Redshift alone, CodeDeploy to Lambda.
    without = {"Sandbox.SandboxRole", "Warehouse.LoaderRole", "RolloutStack.RolloutRole"}
    assert {role.id for role in ROLES} - without == holders


@pytest.mark.parametrize(
    ("stage", "chosen", "protected"),
    [
        ("dev", "by-stage", False),
        ("staging", "by-stage", False),
        ("prod", "by-stage", True),
        ("dev", "true", True),
        ("prod", "false", False),
    ],
)
def test_tables_of_production_cannot_be_deleted_by_mistake(
    stage: str, chosen: str, *, protected: bool
) -> None:
    """Neither by a hand in the console; and an installation of a branch goes without a trace."""
    assert protected is template.holds(
        "ProtectsTables", stack="", Stage=stage, DeletionProtection=chosen
    )
    storage = template.installed("Storage", DeletionProtection=str(protected).lower())
    assert {protected} == {
        storage[table.name].properties["DeletionProtectionEnabled"] for table in TABLES
    }


@pytest.mark.parametrize(("days", "status", "gone"), [("0", "Suspended", 1), ("7", "Enabled", "7")])
def test_versions_of_objects_have_an_end(days: str, status: str, gone: Any) -> None:
    """An erased person is in them for so long, docs/adr/0035; by default there are none."""
    bucket = template.installed("Storage", ObjectVersionDays=days)["Bucket"].properties
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert {"Status": status} == bucket["VersioningConfiguration"]
    assert {"NoncurrentDays": gone} == rules["versions"]["NoncurrentVersionExpiration"]
    assert "0" == str(template.stacks()[""]["Parameters"]["ObjectVersionDays"]["Default"])


def test_no_role_can_read_an_earlier_version() -> None:
    """What an erasure has overwritten is a matter for the account's owner, not for code."""
    actions = {action for _, statement in template.statements() for action in statement["Action"]}
    assert not {action for action in actions if "Version" in action and action.startswith("s3:")}


def test_everything_is_tagged_with_its_installation_and_stage() -> None:
    """Bills are split by tags, and CloudFormation hands a stack's tags to all that is in it."""
    tags = {
        "penstock:installation": {"Ref": "AWS::StackName"},
        "penstock:stage": {"Ref": "Stage"},
    }
    assert tags == template.stacks()[""]["Globals"]["Function"]["Tags"]
    for nested in template.resources("AWS::CloudFormation::Stack"):
        assert tags == {tag["Key"]: tag["Value"] for tag in nested.properties["Tags"]}, nested.id


def test_several_installations_fit_into_one_account() -> None:
    """A fixed name would stop the second one half-way."""
    named = {
        resource.id: str(resource.properties[NAMES[resource.kind]])
        for resource in template.resources(*NAMES)
    }
    own = ("Installation", "AWS::StackName", "AWS::StackId")
    assert not {each for each, text in named.items() if not any(word in text for word in own)}
    for kind in ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::IAM::Role", "AWS::S3::Bucket"):
        for resource in template.resources(kind):
            fixed = {"TableName", "QueueName", "RoleName", "BucketName"} & set(resource.properties)
            assert not fixed, resource.id  # AWS makes a name that nobody has
    for function, schedule in SCHEDULES:
        assert "AWS::StackName" in schedule["Name"]["Fn::Sub"], function


@pytest.mark.parametrize("resource", ["Namespace", "Workgroup"])
def test_a_workgroup_that_is_made_meets_no_namespace_of_an_earlier_try(resource: str) -> None:
    """The namespace outlives its stack with the rows in it, so the next one has another name."""
    made = template.installed("Warehouse", CreateWorkgroup="true")[resource]
    text, values = made.properties[f"{resource}Name"]["Fn::Sub"]
    assert "${RedshiftWorkgroup}-${Made}" == text
    assert "AWS::StackId" in str(values["Made"])
    keeps = "RetainExceptOnCreate" if resource == "Namespace" else "Delete"
    assert keeps == made.raw["DeletionPolicy"]


def test_a_workgroup_that_is_made_has_a_most_that_it_costs_and_the_network_that_is_named() -> None:
    """Without a limit one query may take 512 RPUs; without subnets AWS takes the default VPC's."""
    alone = template.installed("Warehouse", CreateWorkgroup="true")["Workgroup"].properties
    assert ("8", "8") == (alone["BaseCapacity"], alone["MaxCapacity"])
    assert alone["PubliclyAccessible"] is False
    assert not {"SubnetIds", "SecurityGroupIds"} & set(alone)
    placed = template.installed(
        "Warehouse",
        CreateWorkgroup="true",
        WorkgroupSubnetIds="subnet-1,subnet-2,subnet-3",
        WorkgroupSecurityGroupIds="sg-1",
    )["Workgroup"].properties
    assert {"Fn::Split": [",", "subnet-1,subnet-2,subnet-3"]} == placed["SubnetIds"]
    assert {"Fn::Split": [",", "sg-1"]} == placed["SecurityGroupIds"]


def test_whoever_loads_is_told_the_workgroup_that_was_made() -> None:
    """Its name is known only once its stack is."""
    wanted = {"Fn::GetAtt": ["Warehouse", "Outputs.Workgroup"]}
    told = {
        function.name: function.properties["Environment"]["Variables"][
            "PENSTOCK_REDSHIFT_WORKGROUP"
        ]
        for function in template.functions()
        if "PENSTOCK_REDSHIFT_WORKGROUP"
        in function.properties.get("Environment", {}).get("Variables", {})
    }
    assert {"SyncFunction": wanted, "JobsFunction": wanted} == told
    assert wanted == template.stacks()[""]["Outputs"]["RedshiftWorkgroup"]["Value"]
