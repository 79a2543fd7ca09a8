"""Names every part of the deployed template that nothing used.

With this, the demo fails if any part of the template is taken away. A grant that was used is a call
that would have been refused without it, and a refused call fails the demo. A queue, target, mapping
or schedule that carried something is one whose messages would be missing from the counts.
"""

import fnmatch
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3

from infra.local.usage import Usage

EVENTBRIDGE: Final = "events.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An installation, with the record of what it was used for."""

    session: boto3.Session  # with the credentials of the account's root
    endpoint: str | None  # URL of the emulator; None is AWS
    bus: str  # name of the event bus
    usage: Usage

    def client(self, service: Any) -> Any:
        """A client of one of its services."""
        return self.session.client(service, endpoint_url=self.endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One action on one resource that a policy's statement allows."""

    holder: str  # name of the role; of the service, in a queue's policy
    sid: str  # the statement's Sid; empty if it has none
    action: str
    resource: str

    def __str__(self) -> str:
        """The grant as a sentence."""
        where = f" ({self.sid})" if self.sid else ""
        return f"the template grants {self.action} on {self.resource} to {self.holder}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Grants whose use the emulator cannot show. A test in tests/infra checks that they exist.

    `action`, `holder` and `resource` are patterns of fnmatch.
    """

    action: str
    why: str
    holder: str = "*"
    resource: str = "*"

    def covers(self, grant: Grant) -> bool:
        """Whether the patterns match this grant."""
        pairs = (
            (grant.action, self.action),
            (grant.holder, self.holder),
            (grant.resource, self.resource),
        )
        return all(fnmatch.fnmatchcase(text, pattern) for text, pattern in pairs)


BLIND: Final = (
    Blind(action="logs:CreateLogStream", why="the emulator writes functions' logs by itself"),
    Blind(action="logs:PutLogEvents", why="the emulator writes functions' logs by itself"),
    *(
        Blind(
            action="s3:ListBucket",
            holder=f"*-{role}-*",
            why="the emulator tells a missing object from a forbidden one to anybody",
        )
        for role in ("SyncRole", "RunRole", "DeliverRole", "SweepRole", "ApiRole", "JobsRole")
    ),
    *(
        Blind(
            action=action,
            holder=f"*-{role}-*",
            resource=resource,
            why="the demo has no server or account of a tenant's own",
        )
        for action, role, resource in (
            ("kms:Decrypt", "SyncRole", "*"),
            ("kms:Decrypt", "JobsRole", "*"),
            ("s3:GetObject", "SyncRole", "*/manifest/*"),
            ("s3:GetObject", "SyncRole", "*/stage/*"),
            ("sts:AssumeRole", "SyncRole", "*role/penstock/*"),
            ("sts:AssumeRole", "JobsRole", "*role/penstock/*"),
        )
    ),
    *(
        Blind(
            action=action,
            holder="*-SweepRole-*",
            why="the sweep looks at the queues every six minutes only",
        )
        for action in ("sqs:GetQueueAttributes", "cloudwatch:GetMetricData")
    ),
    Blind(
        action="dynamodb:UpdateItem",
        holder="*-FanoutRole-*",
        why="the demo's tenant has no quotas",
    ),
    *(
        Blind(
            action="sqs:SendMessage",
            holder=f"*-{role}-*",
            resource=f"*-{queue}-*",
            why="the demo has one tenant, whose events give way to nobody",
        )
        for role, queue in (("FanoutRole", "MatchQueue"), ("ProjectProfileRole", "ProfileQueue"))
    ),
    Blind(
        action="events:PutEvents",
        holder="*-JobsRole-*",
        why="tenants are told of the usage of days that have ended, and a demo has none",
    ),
    Blind(
        action="sqs:SendMessage",
        holder="*Function*Role*",  # made by SAM for a schedule
        resource="*DeadLetters*",
        why="the emulator's schedules always reach their function",
    ),
    Blind(
        action="sqs:SendMessage",
        holder=EVENTBRIDGE,
        resource="*DeadLetters*",
        why="the emulator's bus always reaches a queue",
    ),
)


def problems(installation: Installation) -> Iterator[str]:
    """A sentence for each part of the template that nothing used."""
    yield from _idle_queues(
        installation
    )  # idle parts come first: they explain many of the unused grants
    yield from _idle_functions(installation)
    yield from _idle_targets(installation)
    for grant in _unused(installation):
        if not any(blind.covers(grant) for blind in BLIND):
            yield f"{grant}, which nothing used"


def _unused(installation: Installation) -> Iterator[Grant]:
    used_grants = installation.usage.noted("allowed")
    for grant in _role_grants(installation):
        uses = (
            (grant.holder, grant.sid, grant.action) == (role, sid, action)
            and fnmatch.fnmatchcase(resource, grant.resource)
            for role, sid, action, resource in used_grants
        )
        if not any(uses):
            yield grant
    filled_queues = installation.usage.noted("sent")
    yield from (
        grant for grant in _queue_grants(installation) if (grant.resource,) not in filled_queues
    )


def _role_grants(installation: Installation) -> Iterator[Grant]:
    iam = installation.client("iam")
    for role in _pages_of(iam, "list_roles", "Roles"):
        holder = role["RoleName"]
        for name in iam.list_role_policies(RoleName=holder)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=holder, PolicyName=name)["PolicyDocument"]
            yield from _grants(document, holder=holder)


def _queue_grants(installation: Installation) -> Iterator[Grant]:
    for url in _queues(installation):
        document = _attributes(installation, url).get("Policy")
        if document:
            yield from _grants(
                json.loads(document), holder=EVENTBRIDGE, only=_arn(installation, url)
            )


def _grants(document: dict[str, Any], *, holder: str, only: str | None = None) -> Iterator[Grant]:
    for statement in _several(document["Statement"]):
        for action in _several(statement["Action"]):
            for resource in _several(statement["Resource"]):
                if statement["Effect"] == "Allow" and only in (None, resource):
                    sid = statement.get("Sid", "")
                    yield Grant(holder=holder, sid=sid, action=action, resource=resource)


def _idle_queues(installation: Installation) -> Iterator[str]:
    filled_queues = installation.usage.noted("sent")
    sources = {source for _, source in installation.usage.noted("called")}
    for url in _queues(installation):
        arn = _arn(installation, url)
        if (arn,) not in filled_queues:
            yield f"nothing was ever sent to {arn}"
        # A queue without a dead-letter queue is one itself, and people read it.
        if "RedrivePolicy" in _attributes(installation, url) and arn not in sources:
            yield f"nothing reads {arn}"


def _idle_functions(installation: Installation) -> Iterator[str]:
    functions, calls = installation.client("lambda"), installation.usage.noted("called")
    names = {name for name, _ in calls}
    for each in _pages_of(functions, "list_functions", "Functions"):
        if each["FunctionName"] not in names:
            yield f"nothing ever called {each['FunctionName']}"
    for mapping in _pages_of(functions, "list_event_source_mappings", "EventSourceMappings"):
        name = mapping["FunctionArn"].rpartition(":")[2]
        if (name, mapping["EventSourceArn"]) not in calls:
            yield f"the mapping of {mapping['EventSourceArn']} to {name} never carried anything"


def _idle_targets(installation: Installation) -> Iterator[str]:
    reached_targets = installation.usage.noted("reached")
    rule_targets = [*_rule_targets(installation, bus="default")]
    rule_targets += _rule_targets(installation, bus=installation.bus)
    for source, target in [*rule_targets, *_schedules(installation)]:
        if (source, target) not in reached_targets:
            yield f"{source} never reached {target}"


def _rule_targets(installation: Installation, *, bus: str) -> Iterator[tuple[str, str]]:
    events = installation.client("events")
    for rule in events.list_rules(EventBusName=bus)["Rules"]:
        answer = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)
        yield from ((rule["Arn"], target["Arn"]) for target in answer["Targets"])


def _schedules(installation: Installation) -> Iterator[tuple[str, str]]:
    scheduler = installation.client("scheduler")
    for each in _pages_of(scheduler, "list_schedules", "Schedules"):
        yield each["Arn"], each["Target"]["Arn"]


def _queues(installation: Installation) -> list[str]:
    return [str(url) for url in _pages_of(installation.client("sqs"), "list_queues", "QueueUrls")]


def _arn(installation: Installation, url: str) -> str:
    return _attributes(installation, url)["QueueArn"]


def _attributes(installation: Installation, url: str) -> dict[str, str]:
    answer = installation.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(name): text for name, text in answer["Attributes"].items()}


def _pages_of(client: Any, operation: str, key: str) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate():
        yield from page.get(key, ())


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
