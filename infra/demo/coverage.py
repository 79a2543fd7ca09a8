"""Whether every part of the deployed template was used: what nothing used is named.

Together with the rule that a refused call fails the demo this makes each part count. A grant that
was used is a call that would have been refused without it; a queue, target, mapping or schedule
that carried something is one whose load would have been missing.
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
class Deployed:
    """An installation, asked as its account's root, and what it was used for."""

    session: boto3.Session
    endpoint: str | None
    bus: str
    usage: Usage

    def client(self, service: Any) -> Any:
        """A client of it."""
        return self.session.client(service, endpoint_url=self.endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One action on one resource that a statement allows somebody."""

    holder: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        """As the demo names it."""
        where = f" ({self.sid})" if self.sid else ""
        return f"the template grants {self.action} on {self.resource} to {self.holder}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Grants whose use the emulator cannot show, and why; tests/infra holds them to the template.

    Each field is a pattern over the grant's.
    """

    action: str
    why: str
    holder: str = "*"
    resource: str = "*"

    def covers(self, grant: Grant) -> bool:
        """Whether this grant is one of them."""
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
        for role in ("SyncRole", "RunRole", "DeliverRole", "SweepRole", "ApiRole")
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
# The emulator repeats a stream's batch for ever; only the permission is asked for, at deployment.
NEVER_FILLED: Final = ("*-ProfileStreamDeadLetters-*",)


def problems(it: Deployed) -> Iterator[str]:
    """A sentence for each part of the template that nothing used."""
    yield from _idle_queues(it)  # first: one idle part leaves many a grant unused
    yield from _idle_functions(it)
    yield from _idle_targets(it)
    for grant in _unused(it):
        if not any(blind.covers(grant) for blind in BLIND):
            yield f"{grant}, which nothing used"


def _unused(it: Deployed) -> Iterator[Grant]:
    allowed = it.usage.noted("allowed")
    for grant in _role_grants(it):
        used = (
            (grant.holder, grant.sid, grant.action) == (role, sid, action)
            and fnmatch.fnmatchcase(resource, grant.resource)
            for role, sid, action, resource in allowed
        )
        if not any(used):
            yield grant
    sent = it.usage.noted("sent")
    yield from (grant for grant in _queue_grants(it) if (grant.resource,) not in sent)


def _role_grants(it: Deployed) -> Iterator[Grant]:
    iam = it.client("iam")
    for role in _listed(iam, "list_roles", "Roles"):
        holder = role["RoleName"]
        for name in iam.list_role_policies(RoleName=holder)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=holder, PolicyName=name)["PolicyDocument"]
            yield from _grants(document, holder=holder)


def _queue_grants(it: Deployed) -> Iterator[Grant]:
    for url in _queues(it):
        document = _attributes(it, url).get("Policy")
        if document:
            yield from _grants(json.loads(document), holder=EVENTBRIDGE, only=_arn(it, url))


def _grants(document: dict[str, Any], *, holder: str, only: str | None = None) -> Iterator[Grant]:
    for statement in _several(document["Statement"]):
        for action in _several(statement["Action"]):
            for resource in _several(statement["Resource"]):
                if statement["Effect"] == "Allow" and only in (None, resource):
                    sid = statement.get("Sid", "")
                    yield Grant(holder=holder, sid=sid, action=action, resource=resource)


def _idle_queues(it: Deployed) -> Iterator[str]:
    sent = it.usage.noted("sent")
    called = {source for _, source in it.usage.noted("called")}
    for url in _queues(it):
        arn = _arn(it, url)
        if any(fnmatch.fnmatchcase(arn, pattern) for pattern in NEVER_FILLED):
            continue
        if (arn,) not in sent:
            yield f"nothing was ever sent to {arn}"
        # A dead-letter queue has none of its own, and is read by people.
        if "RedrivePolicy" in _attributes(it, url) and arn not in called:
            yield f"nothing reads {arn}"


def _idle_functions(it: Deployed) -> Iterator[str]:
    functions, called = it.client("lambda"), it.usage.noted("called")
    names = {name for name, _ in called}
    for each in _listed(functions, "list_functions", "Functions"):
        if each["FunctionName"] not in names:
            yield f"nothing ever called {each['FunctionName']}"
    for mapping in _listed(functions, "list_event_source_mappings", "EventSourceMappings"):
        name = mapping["FunctionArn"].rpartition(":")[2]
        if (name, mapping["EventSourceArn"]) not in called:
            yield f"the mapping of {mapping['EventSourceArn']} to {name} never carried anything"


def _idle_targets(it: Deployed) -> Iterator[str]:
    reached = it.usage.noted("reached")
    for source, target in [*_rule_targets(it), *_schedules(it)]:
        if (source, target) not in reached:
            yield f"{source} never reached {target}"


def _rule_targets(it: Deployed) -> Iterator[tuple[str, str]]:
    bus = it.bus
    events = it.client("events")
    for rule in events.list_rules(EventBusName=bus)["Rules"]:
        held = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)
        yield from ((rule["Arn"], target["Arn"]) for target in held["Targets"])


def _schedules(it: Deployed) -> Iterator[tuple[str, str]]:
    scheduler = it.client("scheduler")
    for each in _listed(scheduler, "list_schedules", "Schedules"):
        yield each["Arn"], each["Target"]["Arn"]


def _queues(it: Deployed) -> list[str]:
    return [str(url) for url in _listed(it.client("sqs"), "list_queues", "QueueUrls")]


def _arn(it: Deployed, url: str) -> str:
    return _attributes(it, url)["QueueArn"]


def _attributes(it: Deployed, url: str) -> dict[str, str]:
    answer = it.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(name): text for name, text in answer["Attributes"].items()}


def _listed(client: Any, operation: str, key: str) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate():
        yield from page.get(key, ())


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
