"""Writes down what the template's parts were used for, so that the demo can say what was not.

Loaded by ministack_main.py, in ministack's own interpreter; it imports nothing of ours. One JSON
line for each different thing, in the file that PENSTOCK_USAGE_FILE names:
["allowed", role, Sid, action, resource]: a role used a grant of its own;
["denied", caller, action, resource]: somebody was refused; for a signature, with AWS's code and the
service in place of action and resource;
["verified", role, service]: a role's calls of a service come with signatures that AWS would take;
["sent", queue]: a message reached a queue, and not by the account's root;
["called", function, source]: a function was called, for records of a queue or stream or for none;
["reached", rule or schedule, target]: one of them reached a target.
"""

import contextvars
import importlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FORGET: Final = "/_penstock/usage/forget"  # POST: what happens from then on is written again

_lock: Final = threading.Lock()
_lines_written: Final[set[tuple[str, ...]]] = set()
_decisions: Final[contextvars.ContextVar[list[Any] | None]] = contextvars.ContextVar(
    "decisions", default=None
)


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


class Forgetting:
    """The application, which also forgets what has been written down when it is asked to."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if (scope["type"], scope.get("method"), scope.get("path")) != ("http", "POST", FORGET):
            await self.app(scope, receive, send)
            return
        with _lock:
            _lines_written.clear()
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def note(*line: str) -> None:
    """Write a line, unless it has been written before, or since `FORGET`."""
    with _lock:
        if line in _lines_written:
            return
        _lines_written.add(line)
        with Path(os.environ["PENSTOCK_USAGE_FILE"]).open("a") as file:
            file.write(json.dumps(line) + "\n")


def role_name(arn: str) -> str:
    """The role's name in an ARN, which is the role's own or that of a session with the role."""
    parts = arn.rpartition(":")[2].split("/")
    return parts[1] if parts[0] == "assumed-role" else parts[-1]


def watch() -> None:
    """Write down what ministack decides and transports, from now on."""
    _watch_permissions()
    _watch_queues()
    _watch_functions()


def _watch_permissions() -> None:
    iam = _module("core.iam_evaluator")
    evaluate, enforce = iam.evaluate, iam.enforce

    def evaluate_noted(context: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(context, policies, *limits)
        decisions = _decisions.get()
        if decisions is not None:
            decisions.append((context, result))
        return result

    def enforce_noted(*arguments: Any, **options: Any) -> Any:
        decisions: list[Any] = []
        token = _decisions.set(decisions)
        try:
            refusal = enforce(*arguments, **options)
        finally:
            _decisions.reset(token)
        # The first decision is about the caller's own policies. There is none for root.
        if decisions:
            context, result = decisions[0]
            if refusal is None:
                note_decision(context, result)
            else:
                note("denied", *_asked_for(context))
        return refusal

    iam.evaluate, iam.enforce = evaluate_noted, enforce_noted


def note_decision(context: Any, result: Any) -> None:
    """Write down what the caller's own policies say about one action."""
    if result.decision == "Allow":
        role, action, resource = _asked_for(context)
        note("allowed", role, result.matched_sid, action, resource)
    else:
        note("denied", *_asked_for(context))


def single(action: str) -> str:
    """The action's name in IAM, which has no names for batch actions of SQS."""
    return action.removesuffix("Batch") if action.startswith("sqs:") else action


def _asked_for(context: Any) -> tuple[str, str, str]:
    role = role_name(context.principal_arn)
    return role, single(context.action), str(context.resource_arn)


def _watch_queues() -> None:
    queues, iam = _module("services.sqs"), _module("core.iam_evaluator")
    find = queues._get_q

    def find_noted(url: str, action: str | None = None) -> Any:
        queue = find(url, action)
        # A message that root sends by hand does not show that the template transports any.
        if action == "sqs:SendMessage" and not iam.caller_arn().endswith(":root"):
            note("sent", str(queue["attributes"]["QueueArn"]))
        return queue

    queues._get_q = find_noted


def _watch_functions() -> None:
    functions = _module("services.lambda_svc")
    execute = functions._execute_function

    def execute_noted(func: Mapping[str, Any], event: Any) -> Any:
        name = (func.get("config") or func).get("FunctionName", "")
        note("called", str(name), _source(event))
        return execute(func, event)

    functions._execute_function = execute_noted


def _source(event: Any) -> str:
    """The queue or stream that an event's records come from; empty if it has no records."""
    records = event.get("Records") if isinstance(event, dict) else None
    return str(records[0].get("eventSourceARN", "")) if records else ""
