"""Turns functions and versions into items of the config table, runs into their own, and back.

Beside the runs stand what is known of a function's health, and its error groups.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from runtime.core.functions.canary import CanaryFailure, Counts
from runtime.core.functions.error_groups import ErrorGroup
from runtime.core.functions.function import (
    Canary,
    Engine,
    Function,
    FunctionVersion,
    Limits,
    RetryOn,
    RetryPolicy,
    Secret,
)
from runtime.core.functions.health import Health, Notice, NoticeKind
from runtime.core.functions.raw_row import RunChange
from runtime.core.functions.releases import Release, ReleaseKind
from runtime.core.functions.run import Outcome, Run
from runtime.core.matching.trigger import Trigger
from runtime.stores.tables import codec, keys, streamed
from runtime.stores.tables.codec import Item
from runtime.stores.tables.streamed import Record

FUNCTION_AS_JSON: Final = frozenset(
    {
        "triggers",
        "http_hosts",
        "environment",
        "secrets",
        "limits",
        "retry",
        "live_before",
        "canary",
    }
)
RUN_AS_JSON: Final = frozenset(
    {"output", "error", "logs", "effects", "event", "secret_versions", "http_calls"}
)

HEALTH_AS_JSON: Final = frozenset({"notices"})


def function_item(function: Function) -> Item:
    """The attributes of a function, with its sort key in its tenant's partition."""
    sort = codec.key({"sk": keys.function(function.name)})
    return {**codec.encode(function, as_json=FUNCTION_AS_JSON), **sort}


def function(item: Mapping[str, Item]) -> Function:
    """A stored function."""
    raw = codec.fields(item, Function, as_json=FUNCTION_AS_JSON)
    raw["triggers"] = (
        tuple(map(_trigger, raw["triggers"])) if "triggers" in raw else _only_trigger(item)
    )
    raw["http_hosts"] = tuple(raw["http_hosts"])
    raw["secrets"] = {name: _secret(secret) for name, secret in raw["secrets"].items()}
    raw["limits"] = Limits(**raw["limits"])
    if "retry" in raw:
        raw["retry"] = _retry(raw["retry"])
    raw["live_before"] = tuple(raw.get("live_before", ()))
    if "canary" in raw:
        raw["canary"] = Canary(**raw["canary"])
    if "engine" in raw:
        raw["engine"] = Engine(raw["engine"])
    return Function(**raw)


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    return Trigger(topics=tuple(raw["topics"]), filter=raw["filter"])


def _only_trigger(item: Mapping[str, Item]) -> tuple[Trigger, ...]:
    """The trigger of a function that was stored when it could have one at most."""
    topics, pattern = (
        json.loads(codec.value(item[name])) if name in item else None
        for name in ("topics", "filter")
    )
    return (Trigger(topics=tuple(topics), filter=pattern),) if topics else ()


def _secret(raw: Any) -> Secret:
    if isinstance(raw, Mapping):
        return Secret(**raw)
    # It was stored when a secret was its ciphertext alone: a value that was set has version 1.
    return Secret() if raw is None else Secret(version=1, sealed=raw)


def _retry(raw: Mapping[str, Any]) -> RetryPolicy:
    delays_s = raw["delays_s"]
    return RetryPolicy(
        on=RetryOn(raw["on"]),
        attempts=raw["attempts"],
        delays_s=None if delays_s is None else tuple(delays_s),
    )


def version_item(version: FunctionVersion) -> Item:
    """The attributes of a version, all of them scalars."""
    return codec.encode(version)


def version(item: Mapping[str, Item]) -> FunctionVersion:
    """A stored version."""
    raw = codec.fields(item, FunctionVersion)
    # A version without an engine was stored when `restricted` was the only one: it was checked for
    # that engine, and runs on it.
    raw["engine"] = Engine(raw.get("engine", Engine.RESTRICTED))
    return FunctionVersion(**raw)


def release_item(release: Release) -> Item:
    """The attributes of an entry of the release log, all of them scalars."""
    return codec.encode(release)


def release(item: Mapping[str, Item]) -> Release:
    """A stored entry of the release log."""
    raw = codec.fields(item, Release)
    raw["kind"] = ReleaseKind(raw["kind"])
    return Release(**raw)


def run_item(run: Run) -> Item:
    """The attributes of a run."""
    return codec.encode(run, as_json=RUN_AS_JSON)


def run(item: Mapping[str, Item]) -> Run:
    """A stored run."""
    raw = codec.fields(item, Run, as_json=RUN_AS_JSON)
    raw["logs"] = tuple(raw["logs"])
    raw["effects"] = tuple(raw["effects"])
    raw["http_calls"] = tuple(raw.get("http_calls", ()))
    raw["outcome"] = Outcome(raw["outcome"])
    if "engine" in raw:
        raw["engine"] = Engine(raw["engine"])
    return Run(**raw)


def run_change(record: Record) -> RunChange:
    """A committed write of a run, as the table's stream tells of it.

    Raises:
        BadInput: code `unreadable_run`: an image is no run.
    """
    write = streamed.read(record, run, code="unreadable_run")
    return RunChange(before=write.before, after=write.after, at=write.at)


def health_item(health: Health) -> Item:
    """The attributes of a function's health."""
    return codec.encode(health, as_json=HEALTH_AS_JSON)


def health(item: Mapping[str, Item]) -> Health:
    """A function's stored health."""
    raw = codec.fields(item, Health, as_json=HEALTH_AS_JSON)
    raw["notices"] = tuple(map(_notice, raw["notices"]))
    return Health(**raw)


def error_group(item: Mapping[str, Item]) -> ErrorGroup:
    """A stored error group."""
    raw = codec.fields(item, ErrorGroup)
    return ErrorGroup(**{**raw, "outcome": Outcome(raw["outcome"])})


def _notice(raw: Mapping[str, Any]) -> Notice:
    canary = raw.get("canary")
    failure = None
    if canary is not None:
        failure = CanaryFailure(**{**canary, "counts": Counts(**canary["counts"])})
    return Notice(**{**raw, "kind": NoticeKind(raw["kind"]), "canary": failure})
