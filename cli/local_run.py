"""Runs one function on one event in the real sandbox of this machine, and decides as the cloud."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cli._errors import CommandFailed, WrongUsage
from sandbox import settings
from sandbox.engine_host import CheckGaveUp, Options
from sandbox.process import EngineUnavailable, SandboxRefused, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.project.functions import FunctionProject
    from sandbox.engines import EngineName
    from sandbox.host import Sandbox
    from sandbox.mediated_http import Answerer

RUN_ID: Final = "run_local"
TENANT: Final = "local"
_KEYS: Final = (
    "outcome", "output", "error", "findings", "logs", "effects", "http", "memory_mb",
    "duration_ms", "isolation", "engine",
)  # fmt: skip


def sandbox_options() -> Options:
    """The sandbox's options from the environment of this machine.

    Raises:
        WrongUsage: a variable holds what it must not.
    """
    try:
        return settings.options()
    except settings.SettingInvalid as problem:
        raise WrongUsage(str(problem)) from None


@contextmanager
def sandbox_faults_explained() -> Iterator[None]:
    """Turn the sandbox's own faults into the command's.

    Raises:
        CommandFailed: code `engine_unavailable` or `sandbox_unavailable`.
    """
    try:
        yield
    except EngineUnavailable as problem:
        message = f"the engine cannot be used here: {problem}"
        raise CommandFailed(message, code="engine_unavailable") from None
    except (SandboxRefused, SandboxUnavailable) as problem:
        message = f"the sandbox cannot run here: {problem}"
        raise CommandFailed(message, code="sandbox_unavailable") from None


def job(
    function: FunctionProject, source: str, *, engine: str | None, allow_local_http: bool
) -> dict[str, Any]:
    """The job of this function without its events, as the cloud would send it to the sandbox.

    Args:
        function: whose settings count.
        source: the function's Python.
        engine: overrides the engine that penstock.toml names; None does not.
        allow_local_http: whether the function may call http:// on this machine.
    """
    settings_of = function.settings
    return {
        "v": 1,
        "op": "run",
        "tenant": TENANT,
        "function": function.name,
        "version": 0,
        "source": source,
        "engine": engine or settings_of.get("engine"),
        "limits": dict(settings_of.get("limits", {})),
        "http_hosts": list(settings_of.get("http_hosts", [])),
        "environment": dict(settings_of.get("environment", {})),
        "secrets": {name: _secret(function, name) for name in settings_of.get("secrets", [])},
        "webhooks": None,
        "allow_local_http": allow_local_http,
    }


def run(
    sandbox: Sandbox,
    job: Mapping[str, Any],
    case: Mapping[str, Any],
    *,
    answerer: Answerer | None = None,
    webhook_id: str | None = None,
) -> dict[str, Any]:
    """The result of one run, as `functions test --json` prints it.

    Args:
        sandbox: where it runs.
        job: as `job` makes it.
        case: `event` and `profile`, any JSON.
        answerer: answers the function's http calls; None calls over the network.
        webhook_id: the webhook whose transform the function is; None for a trigger.

    Raises:
        SandboxUnavailable: the sandbox itself failed.
        WrongUsage: the profile is one that the cloud could not store.
    """
    # Deferred: `doctor` imports this file, and decides about no run.
    from cli import local_decision

    try:
        one = {**job, "events": [{"run_id": RUN_ID, **case}]}
        answer = sandbox.run(one, answerer=answerer)
    except CheckGaveUp as problem:  # nobody can push a source that cannot be checked
        used = sandbox.engine(job["engine"])
        findings = [problem.finding.to_json()]
        return refused("Refused", str(problem), used=used) | {"findings": findings}
    (result,) = answer["results"]
    result = local_decision.decided(result, run_id=RUN_ID, webhook_id=webhook_id, **case)
    # A push shows hints as well as errors. The check uses what the run has compiled already.
    findings = [each.to_json() for each in sandbox.check(job["source"], engine=answer["engine"])]
    return {key: result[key] for key in _KEYS} | {"findings": findings}


def refused(kind: str, message: str, *, used: tuple[EngineName, str]) -> dict[str, Any]:
    """The result of a run that was not made.

    Args:
        kind: the error's type.
        message: why it was not.
        used: the engine that it would have run in, and the isolation around it.
    """
    engine, isolation = used
    return {
        "outcome": "refused",
        "output": None,
        "error": {"type": kind, "message": message, "traceback": ""},
        "findings": [],
        "logs": [],
        "effects": [],
        "http": [],
        "memory_mb": None,
        "duration_ms": 0.0,
        "isolation": isolation,
        "engine": engine,
    }


def sample_event() -> dict[str, Any]:
    """The event that a run gets when the user names none."""
    return {
        "id": "evt_sample",
        "tenant": TENANT,
        "topic": "metric.placed_order",
        "occurred_at": "2026-01-01T00:00:00.000Z",
        "received_at": "2026-01-01T00:00:00.000Z",
        "origin": "local",
        "hops": 0,
        "profile": {"id": "prf_sample", "email": "ada@example.com"},
        "properties": {"value": 42.5, "items": [{"sku": "A1", "quantity": 2}]},
    }


def _secret(function: FunctionProject, name: str) -> str:
    """The value in [secrets], or a text that says that there is none."""
    return str(function.local_secrets.get(name, f"no-value-for-{name}"))
