"""Makes docs/reference/penstock.schema.json: what a project's file may hold, as JSON Schema.

It is made of the API's own bodies, so that a file and a call are judged by the same rules. Names
stand outside of a thing's table, secrets stand for variables of the environment, and what the API
takes as null a file leaves out.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cli.project import function_keys, keys, syncs
from cli.project.key import Key
from functions._api import openapi
from functions._api.endpoint import Endpoint
from runtime.core.warehouse.sync import DestinationKind

NAME: Final = "penstock.schema.json"
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PREFIX: Final = "#/components/schemas/"
_SECRETS: Final = ("password", "token", "client_secret", "certificate", "private_key")
_OPEN: Final = ("username", "token_url", "client_id")
_ENV: Final = {"$ref": "#/$defs/env"}
_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_BODIES: Final = {
    "function": "FunctionIn",
    "transform": "NewTransformIn",
    "webhook": "WebhookIn",
    "sync": "SyncIn",
    "key": "ApiKeyIn",
}
# The bodies that those name, by their names in the schema.
_PARTS: Final = {
    "trigger": "TriggerIn",
    "limits": "LimitsIn",
    "retry": "RetryPolicyIn",
    "rate_limit": "RateLimitIn",
    "basic": "BasicIn",
    "bearer": "BearerIn",
    "oauth2": "OAuth2In",
    "certificate": "CertificateIn",
    "selection": "SelectionIn",
    "column": "ColumnIn",
}


def text(endpoints: tuple[Endpoint, ...], *, version: str) -> str:
    """The schema as it is published."""
    bodies = openapi.document(endpoints, version=version)["components"]["schemas"]
    return json.dumps(schema(bodies), indent=2, ensure_ascii=True) + "\n"


def schema(bodies: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a file, of the schemas of the API's bodies."""
    names = {body: name for name, body in {**_BODIES, **_PARTS}.items()}
    topic = _plain(bodies["TriggerIn"]["properties"]["topics"]["items"], names)
    parts = {name: _plain(bodies[body], names, topic=topic) for name, body in names_of(names)}
    _in_a_file(parts)
    return {
        "$schema": _DRAFT,
        "title": "penstock.yaml, penstock.toml",
        "description": "What a tenant of Penstock is to have.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "function": {"$ref": "#/$defs/function"},
            "functions": _of_many("function"),
            "secrets": {"type": "object", "additionalProperties": {"type": "string"}},
            "transforms": _of_many("transform"),
            "webhooks": _of_many("webhook"),
            "syncs": _of_many("sync"),
            "keys": _of_many("key"),
            "removed": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    key.name: {**_TEXTS, "description": _sentence(key)} for key in keys.REMOVED
                },
            },
        },
        "$defs": {"env": _env(), "topic": topic, **parts},
    }


def names_of(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each definition's name with that of the body that it is made of."""
    return [(name, body) for body, name in names.items()]


def _in_a_file(parts: dict[str, Any]) -> None:
    """Make of what a call takes what a file holds."""
    webhook, function, key = parts["webhook"], parts["function"], parts["key"]
    for name in ("webhook", "transform", "sync", "key"):
        _drop(parts[name], "name")
    function["required"] = []
    _drop(parts["transform"], "position")
    webhook["properties"]["secret"] = _ENV
    webhook["properties"]["headers"]["additionalProperties"] = _ENV
    for name in ("basic", "bearer", "oauth2", "certificate"):
        fields = parts[name]["properties"]
        for field in fields:
            if field in _SECRETS:
                fields[field] = _ENV
            elif field in _OPEN:
                fields[field] = {"anyOf": [fields[field], _ENV]}
    function["properties"]["secrets"] = {
        "anyOf": [
            function["properties"]["secrets"],
            {"type": "object", "additionalProperties": _ENV},
        ]
    }
    for field in function_keys.FUNCTION:
        if field.name in {"source", "publish", "enabled"}:
            kind = "string" if field.name == "source" else "boolean"
            function["properties"][field.name] = {"type": kind, "description": _sentence(field)}
    parts["sync"]["properties"]["enabled"] = {"type": "boolean"}
    _sync_settings(parts["sync"])
    key["properties"]["webhook"] = key["properties"].pop("webhook_id")
    key["properties"]["webhook"]["description"] = "the name of the one webhook that it is for"
    del key["allOf"]
    key["oneOf"] = [{"required": ["scopes"]}, {"required": ["preset"]}]


def _sync_settings(sync: dict[str, Any]) -> None:
    """Each kind of destination has settings of its own; those that are secret are variables."""
    sync["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": str(kind)}}, "required": ["kind"]},
            "then": {
                "properties": {
                    "settings": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            each.name: {
                                "description": each.meaning,
                                **(
                                    _ENV
                                    if each.sealed
                                    else {"anyOf": [{"type": ["string", "integer"]}, _ENV]}
                                ),
                            }
                            for each in syncs.OF_KINDS.get(kind, ())
                        },
                    }
                }
            },
        }
        for kind in DestinationKind
    ]


def _plain(part: Any, names: Mapping[str, str], *, topic: Any = None) -> Any:
    """A schema of the API without null, titles and defaults, and with our own references."""
    if isinstance(part, list):
        return [_plain(each, names, topic=topic) for each in part]
    if not isinstance(part, dict):
        return part
    choices = part.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        # One choice is left: what the file does not say stands for null.
        [choice] = [each for each in choices if each != {"type": "null"}]
        rest = {name: each for name, each in part.items() if name != "anyOf"}
        return _plain({**choice, **rest}, names, topic=topic)
    plain = {
        name: _plain(each, names, topic=topic)
        for name, each in part.items()
        if name not in {"default", "discriminator"} and not (name == "title" and _is_text(each))
    }
    if "$ref" in plain:
        plain["$ref"] = f"#/$defs/{names[plain['$ref'].removeprefix(_PREFIX)]}"
    return {"$ref": "#/$defs/topic"} if topic is not None and plain == topic else plain


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _drop(part: dict[str, Any], name: str) -> None:
    part["properties"].pop(name, None)
    part["required"] = [each for each in part.get("required", ()) if each != name]


def _of_many(name: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{name}"}}


def _env() -> dict[str, Any]:
    return {
        "description": "the variable of the environment of `penstock apply` that holds it",
        "type": "object",
        "additionalProperties": False,
        "required": ["env"],
        "properties": {"env": {"type": "string", "pattern": "^[^=\\u0000]+$"}},
    }


def _sentence(key: Key) -> str:
    return key.meaning.replace("`", "")
