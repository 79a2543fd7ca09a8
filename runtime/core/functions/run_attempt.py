"""One attempt of a run: what the sandbox answers to its job, and what goes on record about it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from runtime.core.events.envelope import MAX_HOPS
from runtime.core.functions.function import Engine, Function, FunctionVersion
from runtime.core.functions.run import Run
from runtime.core.functions.run_effects import Attempted, Decision
from runtime.errors import Transient


def results(answer: Mapping[str, Any], *, engine: Engine) -> dict[str, Mapping[str, Any]]:
    """The results in the sandbox's answer, by the id of their run.

    Args:
        answer: what the sandbox gave.
        engine: the one that the version has.

    Raises:
        Transient: code `sandbox_crashed`: the answer is malformed; `engine_unavailable`: another
            engine has run the job. A run never falls back to another engine.
    """
    try:
        used = answer["engine"]
        by_run = {str(result["run_id"]): result for result in answer["results"]}
    except (KeyError, TypeError) as problem:
        raise Transient("the sandbox's answer is malformed", code="sandbox_crashed") from problem
    if used != engine:
        raise Transient(
            f"the sandbox ran this on the engine {used}, not on {engine}",
            code="engine_unavailable",
        )
    return by_run


def attempted(
    function: Function,
    version: FunctionVersion,
    *,
    secrets: Iterable[str],
    pinned: bool,
    now: str,
    dice: float,
) -> Attempted:
    """The attempt that ends now.

    Args:
        function: whose.
        version: what ran.
        secrets: the names of the secrets that the code could read.
        pinned: whether somebody asked for this version; such a run counts for no canary.
        now: ISO 8601.
        dice: 0 to 1, for the jitter of the next attempt's time.
    """
    trial = function.canary
    on_trial = trial is not None and trial.version == version.version and not pinned
    return Attempted(
        version=version.version,
        now=now,
        dice=dice,
        retry=function.retry,
        source_sha256=version.source_sha256,
        environment_version=function.environment_version,
        secret_versions={name: function.secrets[name].version for name in secrets},
        canary_id=trial.id if trial is not None and on_trial else None,
    )


def with_parked(decision: Decision) -> Run:
    """The run of a decision that is only shown: what would not be sent on says so.

    An emitted event that has come through too many functions has `parked` beside its topic, with
    `code` and `message`, because it would end in the dead-letter queue.
    """
    if not decision.outgoing.looped:  # all events of one run have come through as many functions
        return decision.run
    reason = f"it would have passed through more than {MAX_HOPS} functions: a loop"
    parked = {"parked": {"code": "loop", "message": reason}}
    effects = (
        {**effect, **(parked if effect.get("op") == "emit" else {})}
        for effect in decision.run.effects
    )
    return replace(decision.run, effects=tuple(effects))
