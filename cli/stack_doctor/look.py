"""Asks AWS about an installed stack, thing by thing, and has each answer judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cli._checks import Check, TriedOn, Verdict
from cli._errors import CommandFailed
from cli._installation import ADVICE, Installation
from cli.stack_doctor import judge
from runtime.errors import PenstockError

# The permissions that each check needs, by its name; docs/howto/check-an-installation.md has them.
NEEDS: Final[Mapping[str, Sequence[str]]] = {
    "stack": ("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
    "parameters": ("cloudformation:DescribeStacks",),
    "switches": ("cloudformation:DescribeStacks", "dynamodb:GetItem"),
    "clock": (),
    "code": (
        "cloudformation:ListStackResources",
        "lambda:GetFunction",
        "lambda:ListAliases",
    ),
    "concurrency": (
        "cloudformation:ListStackResources",
        "lambda:GetAccountSettings",
        "lambda:GetFunction",
        "lambda:ListAliases",
    ),
    "isolation": ("cloudformation:DescribeStacks", "lambda:InvokeFunction"),
    "tenants": (
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "lambda:GetFunction",
        "lambda:InvokeFunction",
        "lambda:ListAliases",
    ),
    "key": (
        "cloudformation:DescribeStacks",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
    ),
    "alarms": (
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "cloudwatch:DescribeAlarms",
        "sns:ListSubscriptionsByTopic",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen of an installation."""

    checks: tuple[Check, ...]
    account: str  # the id of its account; empty if AWS did not tell it
    region: str  # as the AWS settings in force name it; empty if they name none


def look(installation: Installation) -> Looked:
    """Look at an installed stack.

    A thing that cannot be seen makes a check that says so, and hides no other. If there is no such
    stack, the check of that name is the only one.
    """
    region = str(installation.client("sts").meta.region_name or "")
    try:
        given = _parameters(installation)
    except PenstockError as problem:
        return Looked(checks=(_no_stack(problem),), account="", region=region)
    checks, account = _Looking(installation, given).all()
    return Looked(checks=tuple(checks), account=account, region=region)


class _Looking:
    """One look at one stack."""

    def __init__(self, installation: Installation, given: Mapping[str, str]) -> None:
        # Deferred: botocore takes longer to import than most commands take to run.
        from runtime.stores.aws import installation as aws

        self._aws = aws
        self._installation = installation
        self._given = given
        self._seen: dict[str, Any] = {}
        endpoint = str(self._client("sts").meta.endpoint_url)
        self._is_emulated = "amazonaws.com" not in endpoint

    def all(self) -> tuple[list[Check], str]:
        """Every check, and the id of the account."""
        made = list(self._made(self._checks()))
        caller = self._seen.get("caller")
        return made, "" if caller is None else caller.account

    def _checks(self) -> Mapping[str, Callable[[], Check]]:
        aws, output, emulated = self._aws, self._installation.output, self._is_emulated
        return {
            "stack": lambda: judge.stack(
                aws.states(
                    self._installation.stack, resources=self._resources(), client=self._client
                )
            ),
            "parameters": lambda: judge.parameters(self._given, is_emulated=emulated),
            "switches": lambda: judge.switches(self._switches()),
            "clock": lambda: judge.clock(self._caller()),
            "code": lambda: judge.code(self._functions()),
            "concurrency": lambda: judge.concurrency(
                self._functions(), aws.concurrency(client=self._client), self._given
            ),
            "isolation": lambda: judge.isolation(
                self._sandboxes(), egress=self._given.get("SandboxEgress", "internet")
            ),
            "tenants": lambda: judge.tenants(
                self._sandboxes(), self._functions(), asked_as=aws.ASKED_AS, is_emulated=emulated
            ),
            "key": lambda: judge.key(aws.key(output("KeyArn"), client=self._client)),
            "alarms": lambda: judge.alarms(
                aws.alarms(
                    self._resources(), topic_arn=output("AlarmTopicArn"), client=self._client
                )
            ),
        }

    @staticmethod
    def _made(checks: Mapping[str, Callable[[], Check]]) -> Iterator[Check]:
        for name, check in checks.items():
            try:
                yield check()
            except (PenstockError, CommandFailed) as problem:
                yield judge.unseen(name, problem.message, needs=NEEDS[name])

    def _client(self, service: str) -> Any:
        return self._once(f"client of {service}", lambda: self._installation.client(service))

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._seen:
            self._seen[name] = read()
        return self._seen[name]

    def _resources(self) -> Any:
        from runtime.stores.aws import stack as stacks

        return self._once(
            "resources",
            lambda: stacks.resources(
                self._installation.stack, cloudformation=self._client("cloudformation")
            ),
        )

    def _caller(self) -> Any:
        return self._once(
            "caller", lambda: self._aws.caller(client=self._client, clock=lambda: datetime.now(UTC))
        )

    def _functions(self) -> Any:
        return self._once(
            "functions", lambda: self._aws.functions(self._resources(), client=self._client)
        )

    def _sandboxes(self) -> Any:
        name = self._installation.output("SandboxFunction")
        return self._once("sandboxes", lambda: self._aws.sandboxes(name, client=self._client))

    def _switches(self) -> Any:
        from runtime.wiring import operations

        table = self._installation.output("ConfigTable")
        return operations.switches(self._client("dynamodb"), config_table=table).find()


def _parameters(installation: Installation) -> Mapping[str, str]:
    from runtime.stores.aws import stack as stacks

    return stacks.parameters(installation.stack)


def _no_stack(problem: PenstockError) -> Check:
    return Check(
        name="stack",
        verdict=Verdict.FAILED,
        found="unseen",
        advice=f"{problem.message}; {ADVICE}",
        tried_on=TriedOn.EMULATORS,
    )
