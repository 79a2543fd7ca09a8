"""Plays one scene, with all statements or without one, and says how it ended."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from cli._errors import CommandFailed
from cli.client import Client
from infra.demo.patience import Patience
from infra.demo.progress import Progress
from infra.demo.receiver import Receiver
from infra.demo.setup import NOTHING, Setup
from infra.demo.stage import Stage
from infra.local.usage import Usage
from infra.removal.ground import Ground
from infra.removal.statements import Statement, without

PATIENCE_S: Final = 60
# What Lambda does by itself with a function's role, every second, to read a queue or a stream.
POLLS: Final = frozenset(
    {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A small end-to-end test of the product: a tenant does something, and it must come about."""

    name: str  # in the table, such as an-order
    says: str  # a true sentence about the product, which the scene tests
    act: Callable[[Stage, Any, Patience], Iterable[str]]  # a sentence for each thing that is wrong
    # What a customer does first.
    begin: Callable[[Client, Receiver], Setup] = lambda _api, _receiver: NOTHING
    # What must be there before; it is never done without a statement. What it returns is handed on.
    prepare: Callable[[Stage], Any] = lambda _stage: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a scene ended."""

    problems: tuple[str, ...]  # sentences; none if all that must come about did
    refused: tuple[tuple[str, str], ...]  # role in the account, and action
    used: frozenset[tuple[str, str, str]]  # of all statements: role in the account, Sid, action
    read: frozenset[str]  # ARNs of the queues and streams whose records a function was called with
    seconds: float  # the act took
    total_s: float  # all took, in seconds

    @property
    def passed(self) -> bool:
        """Whether all came about, and nothing was refused on the way."""
        return not self.problems and not self.refused


class Refused(Exception):
    """A call was refused. It would be tried for ever, and the scene would wait."""


def play(
    scene: Scene,
    ground: Ground,
    *,
    missing: Statement | None = None,
    patience_s: float = PATIENCE_S,
) -> Trial:
    """Play a scene by a new tenant, its act without the statement that is missing.

    Args:
        scene: what is played.
        ground: where.
        missing: the statement; None for a play with all of them.
        patience_s: how long the act may wait for all that must come about.
    """
    started_s = time.monotonic()
    with ground.tenant(Quiet(), scene.begin) as stage:
        prepared = scene.prepare(stage)
        usage = ground.fresh_usage()
        began_s = time.monotonic()
        with _taken_away(ground, missing):
            _let_it_be_noticed(missing, ground, usage)
            problems = tuple(_act(scene, replace(stage, usage=usage), prepared, patience_s))
        ended_s = time.monotonic()
        return Trial(
            problems=problems,
            refused=tuple(sorted({(who, what) for who, what, _ in usage.noted("denied")})),
            used=frozenset(
                (role, sid, action)
                for role, sid, action, _ in usage.noted("allowed")
                if action not in POLLS
            ),
            read=frozenset(source for _, source in usage.noted("called") if source),
            seconds=ended_s - began_s,
            total_s=ended_s - started_s,
        )


def _act(scene: Scene, stage: Stage, prepared: Any, patience_s: float) -> Iterator[str]:
    def check() -> None:
        # A source that may not be read is refused whether anything is in it or not. Only what does
        # not come about then shows that it is missed.
        calls = [each for each in stage.usage.noted("denied") if each[1] not in POLLS]
        if calls:
            raise Refused(
                "; ".join(f"{who} may not {what} on {where}" for who, what, where in calls)
            )

    try:
        yield from scene.act(stage, prepared, Patience(patience_s, check=check))
    except (Refused, CommandFailed, LookupError, ValueError) as problem:
        yield f"{type(problem).__name__}: {problem}"
    except httpx.HTTPStatusError as problem:  # whose text has the signature of its URL
        yield f"a file's transfer was answered with {problem.response.status_code}"


@contextmanager
def _taken_away(ground: Ground, missing: Statement | None) -> Iterator[None]:
    with without(ground.client("iam"), missing) if missing else nullcontext():
        yield


def _let_it_be_noticed(missing: Statement | None, ground: Ground, usage: Usage) -> None:
    """Wait until Lambda, which looks once a second, may not read a source any more.

    Whoever has assumed a role keeps its session for an hour, so such a function starts anew.
    """
    if missing is None:
        return
    if "sts:AssumeRole" in missing.actions:
        functions = ground.client("lambda")
        for page in functions.get_paginator("list_functions").paginate():
            for each in page["Functions"]:
                if each["Role"].endswith(missing.holder):
                    functions.update_function_configuration(
                        FunctionName=each["FunctionName"], Timeout=each["Timeout"]
                    )
    if not POLLS.isdisjoint(missing.actions):
        Patience(PATIENCE_S).until(
            lambda: any(holder == missing.holder for holder, *_ in usage.noted("denied"))
        )


class Quiet(Progress):
    """Shows nothing: a scene is one step of many."""

    def step(self, text: str) -> None:
        """Print nothing."""

    def tell(self, text: str) -> None:
        """Print nothing."""
