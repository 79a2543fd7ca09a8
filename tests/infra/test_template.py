"""What must hold of the installation whatever else changes in the template."""

from typing import Final

import pytest

from infra.demo import coverage
from infra.scan import template
from infra.scan.template import Resource, name

SANDBOX: Final = "Sandbox.SandboxFunction"
FUNCTIONS: Final = template.functions()
# Each changes nothing. The first takes no resource; the second is as AWS gives it to CodeDeploy.
ONLY_READS: Final = ({"cloudwatch:GetMetricData"}, {"cloudwatch:DescribeAlarms"})
# These two know no resource; IAM lets them be bound to the statement's owner instead.
OWNER_BOUND: Final = {"redshift-data:DescribeStatement", "redshift-data:GetStatementResult"}


def test_only_run_may_hide_messages_and_only_those_of_its_queue() -> None:
    """Its leases need it; whoever else had it could keep another's work from being done."""
    hiding = {
        (role.name, template.resolve(statement["Resource"], stack=role.stack))
        for role, statement in template.statements()
        if "sqs:ChangeMessageVisibility" in statement["Action"]
    }
    assert {("RunRole", "Delivery.RunQueue")} == hiding


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_logs_to_a_group_with_an_end(function: Resource) -> None:
    """A group that Lambda makes by itself never expires, and holds personal data for ever."""
    config = function.properties["LoggingConfig"]
    group = template.by_id(template.resolve(config["LogGroup"], stack=function.stack))
    assert "AWS::Logs::LogGroup" == group.kind
    assert template.number(group.properties["RetentionInDays"], stack=group.stack) <= 365


@pytest.mark.parametrize("group", template.resources("AWS::Logs::LogGroup"), ids=name)
def test_every_log_has_an_end(group: Resource) -> None:
    """Also one that no function writes, such as the bus's: by default a log is kept for ever."""
    assert 0 < template.number(group.properties["RetentionInDays"], stack=group.stack) <= 365


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_lambda_logs_of_itself_only_what_fails(function: Resource) -> None:
    """Its two lines on each invocation would be longer than ours on a batch, and say less."""
    if function.id == SANDBOX:  # whose role may write no log, Lambda's lines included
        return
    config = function.properties["LoggingConfig"]
    assert ("JSON", {"Ref": "PlatformLogLevel"}) == (config["LogFormat"], config["SystemLogLevel"])
    assert "WARN" == template.stacks()[""]["Parameters"]["PlatformLogLevel"]["Default"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_has_a_role_of_its_own(function: Resource) -> None:
    """A shared role gives each the permissions of all."""
    role = template.resolve(function.properties["Role"], stack=function.stack)
    others = [each for each in FUNCTIONS if each.id != function.id]
    assert "AWS::IAM::Role" == template.by_id(role).kind
    assert role not in {template.resolve(o.properties["Role"], stack=o.stack) for o in others}


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_may_write_its_own_log_and_no_other(function: Resource) -> None:
    """No emulator shows it: without the permission Lambda runs the function and logs nothing."""
    role = template.by_id(template.resolve(function.properties["Role"], stack=function.stack))
    writing = [
        (set(statement["Action"]), template.resolve(statement["Resource"], stack=each.stack))
        for each, statement in template.statements()
        if each.id == role.id and any(action.startswith("logs:") for action in statement["Action"])
    ]
    group = template.resolve(function.properties["LoggingConfig"]["LogGroup"], stack=function.stack)
    own = [({"logs:CreateLogStream", "logs:PutLogEvents"}, group)]
    assert ([] if function.id == SANDBOX else own) == writing


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_whoever_writes_records_knows_how_long_they_are_kept(function: Resource) -> None:
    """And whoever sends their hints, how long the queue holds one: a default would be another's."""
    given = function.properties.get("Environment", {}).get("Variables", {})
    if "PENSTOCK_DELIVERIES_TABLE" not in given:
        return
    assert {"Ref": "RetentionDays"} == given["PENSTOCK_RETENTION_DAYS"]
    if not function.name.startswith(("Api", "Jobs")):  # they have no use for the queue's delay
        assert {"Ref": "QueueDelayMaxSeconds"} == given["PENSTOCK_QUEUE_DELAY_MAX_S"]


def test_who_reads_objects_can_tell_a_missing_one_from_a_forbidden_one() -> None:
    """Who may not list gets 403 for what has expired, and would try for ever instead of failing."""
    readers = {
        role.name for role, each in template.statements() if "s3:GetObject" in each["Action"]
    }
    listing = {
        role.name: template.resolve(statement["Resource"], stack=role.stack)
        for role, statement in template.statements()
        if "s3:ListBucket" in statement["Action"]
    }
    assert readers == {
        *("CopyRole", "SyncRole", "RunRole", "DeliverRole", "SweepRole", "ApiRole", "JobsRole"),
        "ReconcileRole",
    }
    assert dict.fromkeys(readers, "Storage.Bucket") == listing


def test_large_bodies_are_for_those_who_make_and_send_them() -> None:
    """They hold what functions have made of personal data: no other role comes near them."""
    touching = {
        (role.name, action)
        for role, statement in template.statements()
        if "bodies/" in str(statement["Resource"])
        for action in statement["Action"]
    }
    both = {"RunRole", "SweepRole", "ApiRole"}
    assert touching == {(name, "s3:PutObject") for name in both | {"FanoutRole"}} | {
        (name, "s3:GetObject") for name in both | {"DeliverRole", "JobsRole"}
    } | {("JobsRole", "s3:DeleteObject")}


def test_secrets_are_opened_by_those_who_log_in_somewhere() -> None:
    """Deliveries are signed, functions get theirs, and syncs and erasures log in to databases."""
    opening = {
        role.name
        for role, statement in template.statements()
        if "kms:Decrypt" in statement["Action"]
    }
    assert {"ApiRole", "DeliverRole", "JobsRole", "RunRole", "SyncRole"} == opening


def test_a_bucket_of_a_tenants_own_is_reached_by_a_role_of_one_path_with_an_external_id() -> None:
    """So no tenant can have us act as another tenant's role, or as one of our own."""
    reaching = {
        role.name: statement
        for role, statement in template.statements()
        if "role/penstock/*" in str(statement["Resource"])
    }
    assert {"SyncRole", "JobsRole"} == set(reaching)  # loads, and erasures
    for statement in reaching.values():
        assert ["sts:AssumeRole"] == statement["Action"]
        assert {"StringLike": {"sts:ExternalId": "syn_*"}} == statement["Condition"]


def test_nothing_else_is_kept_from_the_demo() -> None:
    """The demo shows every other grant and queue at work; a new blind spot needs a test here."""
    assert {
        ("logs:CreateLogStream", "*", "*"),
        ("logs:PutLogEvents", "*", "*"),
        ("s3:ListBucket", "*-SyncRole-*", "*"),
        ("s3:ListBucket", "*-RunRole-*", "*"),
        ("s3:ListBucket", "*-DeliverRole-*", "*"),
        ("s3:ListBucket", "*-SweepRole-*", "*"),
        ("s3:ListBucket", "*-ApiRole-*", "*"),
        ("s3:ListBucket", "*-JobsRole-*", "*"),
        ("kms:Decrypt", "*-SyncRole-*", "*"),
        ("kms:Decrypt", "*-JobsRole-*", "*"),
        ("s3:GetObject", "*-SyncRole-*", "*/manifest/*"),
        ("s3:GetObject", "*-SyncRole-*", "*/stage/*"),
        ("sts:AssumeRole", "*-SyncRole-*", "*role/penstock/*"),
        ("events:PutEvents", "*-JobsRole-*", "*"),
        ("dynamodb:UpdateItem", "*-FanoutRole-*", "*"),
        ("sqs:SendMessage", "*-FanoutRole-*", "*-MatchQueue-*"),
        ("sqs:SendMessage", "*-ProjectProfileRole-*", "*-ProfileQueue-*"),
        ("sts:AssumeRole", "*-JobsRole-*", "*role/penstock/*"),
        ("sqs:GetQueueAttributes", "*-SweepRole-*", "*"),
        ("cloudwatch:GetMetricData", "*-SweepRole-*", "*"),
        ("sqs:SendMessage", "*Function*Role*", "*DeadLetters*"),
        ("sqs:SendMessage", coverage.EVENTBRIDGE, "*DeadLetters*"),
    } == {(blind.action, blind.holder, blind.resource) for blind in coverage.BLIND}


@pytest.mark.parametrize("function", FUNCTIONS, ids=name)
def test_a_function_runs_on_the_reviewed_python_and_the_chosen_architecture(
    function: Resource,
) -> None:
    """The bundles hold bytecode and wheels for exactly these."""
    assert "python3.13" == function.properties["Runtime"]
    assert 1 == len(function.properties["Architectures"])


def test_the_sandbox_is_built_by_default_for_what_most_machines_can_compile_for() -> None:
    """Its guest is compiled for a processor of the same kind as that of the machine that builds."""
    assert "x86_64" == template.stacks()[""]["Parameters"]["SandboxArchitecture"]["Default"]


def test_no_role_has_a_wildcard_that_it_could_do_without() -> None:
    """Least privilege: one escape must not open everything."""
    for role, statement in template.statements():
        actions = set(statement["Action"])
        assert not any("*" in action for action in actions), (role.id, actions)
        if statement["Resource"] == "*" and actions not in ONLY_READS:
            assert actions <= OWNER_BOUND, (role.id, actions)
            assert "redshift-data:statement-owner-iam-userid" in str(statement["Condition"])


def test_no_role_takes_a_managed_policy() -> None:
    """AWS's own are broad, and change without us."""
    for role in template.resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role.properties, role.id


def test_every_statement_allows_and_says_what_for() -> None:
    """The statement's id is the reason that a reviewer reads."""
    for role, statement in template.statements():
        assert "Allow" == statement["Effect"], role.id
        assert statement["Sid"][0].isupper(), role.id


def test_the_sandbox_may_do_nothing_at_all() -> None:
    """Who escapes from users' code finds credentials that open nothing."""
    sandbox = template.by_id(SANDBOX)
    role = template.by_id(template.resolve(sandbox.properties["Role"], stack=sandbox.stack))
    assert {"AssumeRolePolicyDocument", "PermissionsBoundary"} == set(role.properties)
    assert "Layers" not in sandbox.properties
    known = sandbox.properties["Environment"]["Variables"]
    # Who escapes can read them: two words that open nothing.
    assert {"PENSTOCK_SANDBOX_EGRESS", "PENSTOCK_SANDBOX_ENGINE"} == set(known)


def test_an_admins_ports_are_known_where_urls_are_taken_and_where_they_are_called() -> None:
    """A URL that the one takes and the other refuses fails for three days."""
    variables = {
        function.name: function.properties["Environment"]["Variables"]
        for function in FUNCTIONS
        if "Environment" in function.properties
    }
    told = {
        name for name, given in variables.items() if given.get("PENSTOCK_EXTRA_PORTS") is not None
    }
    assert {"ApiFunction", "DeliverFunction"} == told


def test_every_function_that_calls_aws_has_the_wire_that_was_chosen() -> None:
    """One that is left out would go around the proxy that the others were sent to."""
    sandbox = template.by_id(SANDBOX).id
    wires = {
        function.id: function.properties.get("Environment", {})
        .get("Variables", {})
        .get("PENSTOCK_AWS_WIRE")
        for function in FUNCTIONS
        if function.id != sandbox
    }
    assert all({"Ref": "AwsWire"} == wire for wire in wires.values()), wires
    parameter = template.stacks()[""]["Parameters"]["AwsWire"]
    assert ("direct", ["direct", "botocore"]) == (parameter["Default"], parameter["AllowedValues"])


def test_each_tenant_has_sandboxes_of_its_own() -> None:
    """The wall between tenants is the virtual machine, not Python."""
    sandbox = template.by_id(SANDBOX)
    assert {"TenantIsolationMode": "PER_TENANT"} == sandbox.properties["TenancyConfig"]


def test_only_run_and_the_api_may_call_the_sandbox() -> None:
    """It trusts its callers to name the right tenant."""
    callers = {
        role.name
        for role, statement in template.statements()
        if "lambda:InvokeFunction" in statement["Action"]
        and template.resolve(statement["Resource"], stack=role.stack) == SANDBOX
    }
    assert {"RunRole", "ApiRole"} == callers


@pytest.mark.parametrize("table", template.resources("AWS::DynamoDB::Table"), ids=name)
def test_a_table_can_go_back_in_time_and_outlives_its_stack(table: Resource) -> None:
    """A mistake of ours must not be the end of a customer's data."""
    recovery = table.properties["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    assert "RetainExceptOnCreate" == table.raw["DeletionPolicy"]
    assert "Retain" == table.raw["UpdateReplacePolicy"]


def test_the_bucket_is_private_takes_only_tls_and_forgets_raw_events() -> None:
    """Personal data at rest: nobody else reads it, and an erasure ends within the retention."""
    [bucket] = template.resources("AWS::S3::Bucket")
    [policy] = template.resources("AWS::S3::BucketPolicy")
    assert all(bucket.properties["PublicAccessBlockConfiguration"].values())
    [statement] = policy.properties["PolicyDocument"]["Statement"]
    assert "Deny" == statement["Effect"]
    assert {"Bool": {"aws:SecureTransport": "false"}} == statement["Condition"]
    rules = bucket.properties["LifecycleConfiguration"]["Rules"]
    for prefix in ("raw/", "bodies/"):
        rule = next(rule for rule in rules if rule.get("Prefix") == prefix)
        assert template.number(rule["ExpirationInDays"], stack=bucket.stack) <= 30


def test_the_bus_keeps_events_for_replay() -> None:
    """A subscriber's mistake of last week can be run again."""
    [archive] = template.resources("AWS::Events::Archive")
    assert "Bus.Bus" == template.resolve(archive.properties["SourceArn"], stack=archive.stack)
    assert template.number(archive.properties["RetentionDays"], stack=archive.stack) >= 30
