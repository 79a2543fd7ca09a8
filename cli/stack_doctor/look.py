"""Asks AWS about an installed stack, thing by thing, and has each answer judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cli._checks import Check, TriedOn, Verdict
from cli.stack_doctor import judge
from runtime.errors import NotFound, PenstockError

if TYPE_CHECKING:
    from runtime.stores.aws.installation import Client

# The permissions that each check needs, by its name; docs/howto/check-an-installation.md has them.
NEEDS: Final[Mapping[str, Sequence[str]]] = {
    "stack": ("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
    "parameters": ("cloudformation:DescribeStacks",),
    "clock": (),
    "code": (
        "cloudformation:ListStackResources",
        "lambda:GetFunction",
        "lambda:ListEventSourceMappings",
    ),
    "concurrency": (
        "cloudformation:ListStackResources",
        "lambda:GetAccountSettings",
        "lambda:GetFunction",
        "lambda:ListEventSourceMappings",
    ),
    "isolation": ("cloudformation:DescribeStacks", "lambda:InvokeFunction"),
    "tenants": (
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "lambda:GetFunction",
        "lambda:InvokeFunction",
        "lambda:ListEventSourceMappings",
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


def look(stack: str) -> Looked:
    """Look at a stack with the AWS settings in force.

    A thing that cannot be seen makes a check that says so, and hides no other. If there is no such
    stack, the check of that name is the only one.
    """
    # Deferred: botocore takes longer to import than most commands take to run.
    from runtime.stores.aws import stack as stacks

    session, client = _session()
    region = session.get_config_variable("region") or ""
    try:
        outputs, given = stacks.outputs(stack), stacks.parameters(stack)
    except PenstockError as problem:
        return Looked(checks=(_no_stack(problem),), account="", region=region)
    checks, account = _Looking(stack, outputs, given, client).all()
    return Looked(checks=tuple(checks), account=account, region=region)


class _Looking:
    """One look at one stack."""

    def __init__(
        self, stack: str, outputs: Mapping[str, str], given: Mapping[str, str], client: "Client"
    ) -> None:
        from runtime.stores.aws import installation

        self._aws = installation
        self._stack = stack
        self._outputs = outputs
        self._given = given
        self._client = client
        self._seen: dict[str, Any] = {}
        endpoint = str(client("sts").meta.endpoint_url)
        self._is_emulated = "amazonaws.com" not in endpoint

    def all(self) -> tuple[list[Check], str]:
        """Every check, and the id of the account."""
        aws, emulated = self._aws, self._is_emulated
        checks: dict[str, Callable[[], Check]] = {
            "stack": lambda: judge.stack(aws.states(self._stack, client=self._client)),
            "parameters": lambda: judge.parameters(self._given, is_emulated=emulated),
            "clock": lambda: judge.clock(self._caller()),
            "code": lambda: judge.code(self._functions()),
            "concurrency": lambda: judge.concurrency(
                self._functions(), aws.concurrency(client=self._client)
            ),
            "isolation": lambda: judge.isolation(self._sandboxes()),
            "tenants": lambda: judge.tenants(
                self._sandboxes(), self._functions(), asked_as=aws.ASKED_AS, is_emulated=emulated
            ),
            "key": lambda: judge.key(aws.key(self._output("KeyArn"), client=self._client)),
            "alarms": lambda: judge.alarms(
                aws.alarms(
                    self._stack, topic_arn=self._output("AlarmTopicArn"), client=self._client
                )
            ),
        }
        made = list(self._made(checks))
        caller = self._seen.get("caller")
        return made, "" if caller is None else caller.account

    def _made(self, checks: Mapping[str, Callable[[], Check]]) -> Iterator[Check]:
        for name, check in checks.items():
            try:
                yield check()
            except PenstockError as problem:
                yield judge.unseen(name, problem.message, needs=NEEDS[name])

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._seen:
            self._seen[name] = read()
        return self._seen[name]

    def _caller(self) -> Any:
        return self._once(
            "caller", lambda: self._aws.caller(client=self._client, clock=lambda: datetime.now(UTC))
        )

    def _functions(self) -> Any:
        return self._once(
            "functions", lambda: self._aws.functions(self._stack, client=self._client)
        )

    def _sandboxes(self) -> Any:
        name = self._output("SandboxFunction")
        return self._once("sandboxes", lambda: self._aws.sandboxes(name, client=self._client))

    def _output(self, name: str) -> str:
        if name not in self._outputs:
            raise NotFound(
                f"stack {self._stack} has no output {name}: it is no installation, or an older one",
                code="not_penstock",
            )
        return self._outputs[name]


def _no_stack(problem: PenstockError) -> Check:
    advice = f"{problem.message}; check your AWS credentials, region and the stack's name"
    return Check(
        name="stack",
        verdict=Verdict.FAILED,
        found="unseen",
        advice=advice,
        tried_on=TriedOn.EMULATORS,
    )


def _session() -> "tuple[Any, Client]":
    import botocore.session

    from runtime.stores.aws.clients import ONCE, QUICK

    session: Any = botocore.session.get_session()
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            # Its sandbox may be asked only once, and takes its time to start.
            config = ONCE if service == "lambda" else QUICK
            clients[service] = session.create_client(service, config=config)
        return clients[service]

    return session, client
