"""What AWS says of an installed stack, for `penstock doctor`; it judges and changes nothing.

Each reader makes a few calls and stands for itself, so that a permission that is missing hides one
thing and not the others.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from runtime.errors import Transient
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import faults

LAMBDA: Final = "AWS::Lambda::Function"
ALIAS: Final = "AWS::Lambda::Alias"
ALARMS: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
ASKED_AS: Final = ("penstock-doctor-a", "penstock-doctor-b")  # no tenant: they begin with no data
MAX_REASON_CHARS: Final = 300  # of the sandbox's own words, in an error of ours
NAMES_A_CALL: Final = 100  # alarms that CloudWatch describes at once
Client = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """How a stack stands."""

    name: str  # the root's own name, or the nested stack's in the template
    status: str  # CloudFormation's word, such as `UPDATE_COMPLETE`


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and what time it is there and here."""

    account: str  # the id of the account, twelve digits
    aws_at: datetime  # AWS's clock when it answered, in whole seconds
    asked_at: datetime  # our clock before the call
    answered_at: datetime  # our clock after it


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """How a Lambda stands."""

    name: str  # as the template calls it
    handler: str
    runtime: str
    state: str  # `Active`, or why not
    last_update: str  # `Successful`, or why not
    code_sha: str  # of the code that its callers reach; during a rollout, that most of them reach
    layers: tuple[str, ...]  # of that code: their ARNs, with versions
    tenancy: str  # `PER_TENANT`, or empty
    reserved: int | None  # copies that nobody else may use; None: it shares the account's
    # Which share of its calls meets another version, from 0 to 1; above 0, a rollout is under way.
    moved: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """How many copies of functions may run at once in the region."""

    limit: int  # of the account
    unreserved: int  # what is left of it for functions without a reservation of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """How the key stands that seals secrets."""

    state: str  # `Enabled`, or why not
    is_usable: bool | None  # whether it made a data key; None: we may not ask it


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The alarms of an installation, and who hears them."""

    total: int
    ringing: tuple[str, ...]  # names, as the template calls them, of those in the state ALARM
    confirmed: int  # subscriptions of the topic that get what it says
    pending: int  # that somebody has not confirmed yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandboxes:
    """What the sandbox says of itself, asked for two tenants."""

    answers: tuple[Mapping[str, Any], ...]  # of its operation `doctor`, in the order of `ASKED_AS`


def states(stack: str, *, resources: Sequence[stacks.Resource], client: Client) -> list[StackState]:
    """The stack, and those nested in it.

    Args:
        stack: its name.
        resources: of it and of its nested stacks.
        client: makes botocore's client of a service.

    Raises:
        Transient: AWS does not answer, or refuses the call.
    """
    nested = [
        StackState(name=each.name, status=each.status)
        for each in resources
        if each.kind == stacks.NESTED
    ]
    with faults("describe the stack"):
        root = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return [StackState(name=stack, status=root["StackStatus"]), *nested]


def caller(*, client: Client, clock: Callable[[], datetime]) -> Caller:
    """Who asks; needs no permission.

    Raises:
        Transient: AWS does not answer, or there are no credentials.
    """
    sts = client("sts")
    asked_at = clock()
    with faults("ask who asks"):
        answer = sts.get_caller_identity()
    answered_at = clock()
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is None:
        raise Transient("AWS's answer has no time", code="aws_unavailable")
    return Caller(
        account=answer["Account"],
        aws_at=parsedate_to_datetime(date).astimezone(UTC),
        asked_at=asked_at,
        answered_at=answered_at,
    )


def functions(resources: Sequence[stacks.Resource], *, client: Client) -> list[FunctionState]:
    """The Lambdas among these resources, by name.

    Raises:
        Transient: AWS does not answer, or refuses a call.
    """
    functions = client("lambda")
    # An alias has its ARN for an id, which is that of its function and its own name.
    aliases = dict(each.id.rsplit(":", 2)[1:] for each in resources if each.kind == ALIAS)
    with faults("look at the functions"):
        return sorted(
            (
                _function(functions, each, alias=aliases.get(each.id))
                for each in resources
                if each.kind == LAMBDA
            ),
            key=lambda each: each.name,
        )


def concurrency(*, client: Client) -> Concurrency:
    """How many copies of functions may run at once.

    Raises:
        Transient: AWS does not answer, or refuses the call.
    """
    with faults("ask for the account's limits"):
        limits = client("lambda").get_account_settings()["AccountLimit"]
    return Concurrency(
        limit=limits["ConcurrentExecutions"],
        unreserved=limits.get("UnreservedConcurrentExecutions", limits["ConcurrentExecutions"]),
    )


def key(arn: str, *, client: Client) -> KeyState:
    """How the key stands. It makes a data key that nobody gets.

    Raises:
        Transient: AWS does not answer, or refuses to describe the key.
    """
    kms = client("kms")
    with faults("describe the key"):
        state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    try:
        with faults("try the key"):
            kms.generate_data_key_without_plaintext(
                KeyId=arn, KeySpec="AES_256", EncryptionContext={"tenant": ASKED_AS[0]}
            )
    except Transient as problem:
        denied = "AccessDenied" in problem.message
        return KeyState(state=state, is_usable=None if denied else False)
    return KeyState(state=state, is_usable=True)


def alarms(resources: Sequence[stacks.Resource], *, topic_arn: str, client: Client) -> Alarms:
    """The alarms among these resources, and the subscriptions of their topic.

    Raises:
        Transient: AWS does not answer, or refuses a call.
    """
    names = {each.id: each.name for each in resources if each.kind in ALARMS}
    with faults("look at the alarms"):
        ringing = list(_ringing(sorted(names), client("cloudwatch")))
        pages = client("sns").get_paginator("list_subscriptions_by_topic")
        arns = [
            each["SubscriptionArn"]
            for page in pages.paginate(TopicArn=topic_arn)
            for each in page["Subscriptions"]
        ]
    confirmed = sum(arn.startswith("arn:") for arn in arns)
    return Alarms(
        total=len(names),
        ringing=tuple(sorted(names[each] for each in ringing)),
        confirmed=confirmed,
        pending=len(arns) - confirmed,
    )


def sandboxes(name: str, *, client: Client) -> Sandboxes:
    """What the sandbox of the installation says, asked for two tenants who do not exist.

    Raises:
        Transient: it cannot be invoked, or fails.
    """
    return Sandboxes(answers=tuple(_ask(client("lambda"), name, each) for each in ASKED_AS))


def _function(client: Any, function: stacks.Resource, *, alias: str | None) -> FunctionState:
    answer = client.get_function(FunctionName=function.id)
    found = answer["Configuration"]
    reached, moved = found, 0.0
    if alias is not None:
        listed = client.list_aliases(FunctionName=function.id)["Aliases"]
        [leads] = [each for each in listed if each["Name"] == alias]
        moved = sum((leads.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {}).values())
        version = client.get_function(FunctionName=function.id, Qualifier=leads["FunctionVersion"])
        reached = version["Configuration"]
    return FunctionState(
        name=function.name,
        handler=found.get("Handler", ""),
        runtime=found.get("Runtime", ""),
        state=found.get("State", ""),
        last_update=found.get("LastUpdateStatus", ""),
        code_sha=reached["CodeSha256"],
        layers=tuple(each["Arn"] for each in reached.get("Layers", ())),
        tenancy=found.get("TenancyConfig", {}).get("TenantIsolationMode", ""),
        reserved=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        moved=moved,
    )


def _ringing(names: Sequence[str], cloudwatch: Any) -> Iterator[str]:
    for start in range(0, len(names), NAMES_A_CALL):
        answer = cloudwatch.describe_alarms(
            AlarmNames=names[start : start + NAMES_A_CALL],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue="ALARM",
            MaxRecords=NAMES_A_CALL,
        )
        for each in [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]:
            yield each["AlarmName"]


def _ask(client: Any, name: str, tenant: str) -> Mapping[str, Any]:
    job = json.dumps({"v": 1, "op": "doctor"})
    with faults("ask the sandbox"):
        answer = client.invoke(FunctionName=name, TenantId=tenant, Payload=job)
        payload = answer["Payload"].read()
    try:
        said = json.loads(payload)
    except ValueError as problem:
        raise Transient("the sandbox's answer is not JSON", code="sandbox_crashed") from problem
    if answer.get("FunctionError") or not isinstance(said, dict):
        reason = str(said.get("errorMessage", "")) if isinstance(said, dict) else ""
        raise Transient(f"the sandbox fails: {reason[:MAX_REASON_CHARS]}", code="sandbox_crashed")
    return said
