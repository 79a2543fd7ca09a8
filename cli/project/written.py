"""Writes a project in its normal form: what `penstock export` prints, and each file stands for.

Two files that mean the same have one normal form. Things stand in the order in which `apply` makes
them, and by name; data transforms in the order of the chain. What has its default is left out. The
source of a function is `functions/NAME.py`, and the variable of a secret is called after its thing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cli.project.api_keys import DeclaredKey
from cli.project.applied_functions import AppliedFunction, retry_as_shown
from cli.project.project import Project
from cli.project.syncs import OF_KINDS, DeclaredSync
from cli.project.transforms import DeclaredTransform
from cli.project.webhooks import DeclaredWebhook
from runtime.core.functions.function import Limits, RetryPolicy
from runtime.core.json_text import dump
from runtime.core.transforms import parsing
from runtime.core.transforms.transform import TARGET_SUFFIX, Method
from runtime.core.warehouse.schedule import HOURLY
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, Format
from runtime.errors import BadInput

_OTHER: Final = re.compile(r"[^A-Z0-9]+")  # what no variable of an environment has in its name
_PARTS_OF_LOGIN: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("token_url", "client_id", "client_secret"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A project in its normal form."""

    document: Mapping[str, Any]  # the sections that have something
    sources: Mapping[str, str]  # the text of each function, by the file that its table names
    variables: tuple[str, ...]  # of the environment, which the document names


def write(project: Project) -> Written:
    """The normal form of a project, without what it leaves to `functions push` and removes."""
    variables = _Variables()
    functions = sorted(project.functions, key=lambda each: each.name)
    webhooks = sorted(project.webhooks, key=lambda each: each.name)
    syncs = sorted(project.syncs, key=lambda each: each.name)
    keys = sorted(project.keys, key=lambda each: each.name)
    sections: dict[str, dict[str, Any]] = {
        "functions": {each.name: dict(_function(each, variables)) for each in functions},
        "transforms": {each.name: dict(_transform(each)) for each in project.transforms},
        "webhooks": {each.name: dict(_webhook(each, variables)) for each in webhooks},
        "syncs": {each.name: dict(_sync(each, variables)) for each in syncs},
        "keys": {each.name: dict(_key(each)) for each in keys},
    }
    return Written(
        document={name: section for name, section in sections.items() if section},
        sources={source_of(each.name): each.text for each in functions},
        variables=tuple(variables.names),
    )


def source_of(function: str) -> str:
    """The file of a function's source, from the folder of the document."""
    return f"functions/{function}.py"


@dataclass(slots=True)
class _Variables:
    """The variables that stand for secrets; no two have one name."""

    names: list[str] = field(default_factory=list)

    def of(self, *parts: str) -> dict[str, str]:
        base = _OTHER.sub("_", "_".join(parts).upper()).strip("_") or "SECRET"
        base = base if base[0].isalpha() else f"N{base}"
        name, number = base, 1
        while name in self.names:
            number += 1
            name = f"{base}_{number}"
        self.names.append(name)
        return {"env": name}


def _function(declared: AppliedFunction, variables: _Variables) -> Iterator[tuple[str, Any]]:
    yield "source", source_of(declared.name)
    if not declared.publish:
        yield "publish", False
    if declared.enabled is False:
        yield "enabled", False
    settings = declared.settings
    yield from _triggers(settings["triggers"]).items()
    if settings["http_hosts"]:
        yield "http_hosts", sorted(settings["http_hosts"])
    if settings["environment"]:
        yield "environment", _in_order(settings["environment"])
    if declared.secret_values:
        names = settings["secrets"]
        yield "secrets", {name: variables.of(declared.name, name) for name in names}
    elif settings["secrets"]:
        yield "secrets", settings["secrets"]
    yield from _policies(settings)


def _policies(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    defaults = {"limits": asdict(Limits()), "retry": retry_as_shown(RetryPolicy())}
    for name, default in defaults.items():
        own = {key: _short(each) for key, each in settings[name].items() if each != default[key]}
        if own:
            yield name, own
    if settings["engine"] is not None:
        yield "engine", settings["engine"]


def _short(value: Any) -> Any:
    """A whole number without a point: the API shows 5 seconds as 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _in_order(value: Any) -> Any:
    """JSON with the names of each object sorted, whose order no database keeps."""
    match value:
        case Mapping():
            return {name: _in_order(value[name]) for name in sorted(value)}
        case list():
            return [_in_order(each) for each in value]
        case _:
            return value


def _triggers(triggers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    tables = [
        {
            "topics": sorted(each["topics"]),
            **({} if each["filter"] is None else {"filter": _in_order(each["filter"])}),
        }
        for each in triggers
    ]
    match tables:
        case []:
            return {}
        case [only]:
            return only
        case _:
            return {"triggers": tables}


def _transform(declared: DeclaredTransform) -> Iterator[tuple[str, Any]]:
    yield "method", declared.method
    sources = declared.settings["sources"]
    yield "sources", sources
    if declared.settings["target"] != f"{sources[0]}{TARGET_SUFFIX}":
        yield "target", declared.settings["target"]
    settings = declared.settings["settings"]
    own = settings
    for name in settings:
        shorter = {each: value for each, value in own.items() if each != name}
        own = shorter if _reads_as(declared.method, shorter, settings) else own
    if own:
        yield "settings", own
    if declared.enabled is False:
        yield "enabled", False


def _reads_as(method: str, own: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether these are the same settings, with defaults for what is left out."""
    try:
        read = parsing.to_json(parsing.settings(Method(method), own))
    except BadInput:  # one is needed
        return False
    return dump(read) == dump(settings)  # to Python 1 and true are equal


def _webhook(declared: DeclaredWebhook, variables: _Variables) -> Iterator[tuple[str, Any]]:
    defaults = {"format": str(Format.STANDARD), "handshake": False, "timeout_s": DEFAULT_TIMEOUT_S}
    for name, each in declared.settings.items():
        if each is not None and each != defaults.get(name):
            yield name, sorted(each) if name == "topics" else _in_order(each)
    if declared.enabled is False:
        yield "enabled", False
    if declared.has_private_key:
        yield "ed25519", True
    if declared.headers:
        names = sorted(declared.headers, key=str.lower)
        yield "headers", {name: variables.of(declared.name, name) for name in names}
    if declared.auth is not None:
        kind = declared.auth["kind"]
        parts = _PARTS_OF_LOGIN[kind]
        yield "auth", {"kind": kind, **{name: variables.of(declared.name, name) for name in parts}}
    if declared.client_certificate is not None:
        parts = ("certificate", "private_key")
        yield "client_certificate", {name: variables.of(declared.name, name) for name in parts}


def _sync(declared: DeclaredSync, variables: _Variables) -> Iterator[tuple[str, Any]]:
    yield "kind", str(declared.kind)
    if declared.schedule not in (None, str(HOURLY)):
        yield "schedule", declared.schedule
    selection = {name: each for name, each in (declared.selection or {}).items() if each}
    if selection:
        yield "selection", selection
    own = declared.settings or {}
    settings = {
        each.name: own[each.name]
        if isinstance(own[each.name], str)
        else variables.of(declared.name, each.name)
        for each in OF_KINDS.get(declared.kind, ())
        if own.get(each.name, each.default) != each.default
    }
    if settings:
        yield "settings", settings
    if declared.enabled is False:
        yield "enabled", False


def _key(declared: DeclaredKey) -> Iterator[tuple[str, Any]]:
    yield "scopes", list(declared.scopes)
    if declared.webhook is not None:
        yield "webhook", declared.webhook
    if declared.expires_at is not None:
        yield "expires_at", declared.expires_at
