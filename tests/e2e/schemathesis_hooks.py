"""What schemathesis has to know of the API besides its document. It loads this file by itself."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st

# Why a request that fits the document may be refused all the same, by the code of the problem. With
# any other code it is a failure: then the document says too little, or the API asks too much.
BEYOND_A_SCHEMA: Final = {
    "bad_certificate": "whether a certificate and a private key belong together",
    "bad_column": "which words SQL has taken, and which columns there are",
    "bad_columns": "which columns an export may have: properties of the tenant's own, too",
    "bad_cursor": "a cursor is a token that only the API itself makes",
    "bad_expiry": "a time has to be in the future",
    "bad_filter": "EventBridge's rules for patterns: what an operator takes, how much `$or` yields",
    "bad_identity": "which kinds and values the rules of names may have",
    "bad_mapping": "whether a mapping makes a name of some column",
    "bad_settings": "which settings belong to a data transform's method, and which need each other",
    "bad_handshake": "of a change: whether the webhook's format is `cloudevents`",
    "bad_change": "which properties, channels and kinds of names one change may hold together",
    "bad_sources": "how many sources a method takes, and that none is a target of its own",
    "bad_schedule": "whether there is a zone of this name",
    "bad_secret": "whether a secret is base64 of so many bytes",
    "bad_tables": "which table's rows follow those of another",
    "bad_target": "whether there is another webhook of this id",
    "bad_triggers": "how a function's triggers may be named depends on how many it has",
    "blocked_address": "whether a host is public",
    "column_changed": "of a change: which columns the sync has",
    "circle": "whether data transforms read what each other write",
    "duplicate_target": "whether another data transform writes this property",
    "dns_failure": "whether a host name resolves",
    "handshake_failed": "what the receiver answers to OPTIONS",
    "idempotency_key_reused": "whether the key was used before",
    "integer_too_large": "properties hold any JSON, but integers of 64 bits at most",
    "not_one_name": "OpenAPI cannot say that one of several parameters may be given at most",
    "reserved_target": "which properties no data transform may write",
    "reserved_field": "the tenant of an event, if any, is the caller's own",
    "scope_too_wide": "of a change: whether the key is for one webhook",
    "secret_blanks": "blanks around a secret are refused if it has one line only",
    "source_empty": "whether a source holds more than blanks",
    "source_refused": "whether a source is Python that the engine takes",
    "unusable_name": "whether a text can name a person by the tenant's rules",
    "unknown_function": "whether there is a function of this name",
}
# A receiver on this machine. It stands for all that the document's examples call by a host name: no
# test asks a name server.
RECEIVER: Final = os.environ["PENSTOCK_RECEIVER"]
THINGS: Final = json.loads(os.environ["PENSTOCK_THINGS"])
OWN_KEYS: Final = frozenset(os.environ["PENSTOCK_KEY_IDS"].split(","))
# The fields, by their schemas, whose value the API calls.
_ADDRESSES: Final = (("WebhookIn", "url"), ("WebhookChangesIn", "url"), ("OAuth2In", "token_url"))
# What can be restored for seven days, and looked at as long.
_WITH_GRACE: Final = re.compile(r"DELETE /v1/functions/[^/]+")
_CONDITIONS: Final = ("If-Match", "If-None-Match")
_ETAGS: Final = st.lists(st.from_regex(r'\A(W/)?"[!#-~]{0,40}"\Z'), min_size=1, max_size=3)

schemathesis.openapi.format("conditions", st.just("*") | _ETAGS.map(", ".join))
schemathesis.openapi.format("receivers", st.just(RECEIVER))


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Make the values possible that schemathesis cannot find by itself, and none impossible.

    It has no value for a header with quotes in it, so it gets a format for ETags; nor an address
    that the API calls. The ids in the examples are those of somebody else's things, so the caller's
    own stand in their place.
    """
    for path, operations in raw_schema["paths"].items():
        own = THINGS.get(path) or THINGS.get("/".join(path.split("/")[:3]), {})
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["example"] = own[parameter["name"]]
                if parameter["name"] in _CONDITIONS:
                    parameter["schema"]["format"] = "conditions"
    schemas = raw_schema["components"]["schemas"]
    for name, field in _ADDRESSES:
        schemas[name]["properties"][field]["format"] = "receivers"
    # These would name what is there already.
    for path in ("/v1/functions", "/v1/functions/{name}/rollback"):
        body = raw_schema["paths"][path]["post"]["requestBody"]
        del body["content"]["application/json"]["example"]
    here = json.loads(
        json.dumps(raw_schema).replace("https://hooks.example.com/penstock", RECEIVER)
    )
    raw_schema.update(here)


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Write down how each call ended, for the test to count."""
    is_problem = response.headers.get("content-type") == ["application/problem+json"]
    code = json.loads(response.text)["code"] if is_problem and response.text else None
    answer = {"operation": case.operation.label, "status": response.status_code, "code": code}
    if case.method.upper() != case.operation.method.upper():
        return  # to see that the operation has no such method
    with Path(os.environ["PENSTOCK_ANSWERS"]).open("a", encoding="utf-8") as answers:
        answers.write(json.dumps(answer) + "\n")


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Whether this request is sent: all but those that would end the keys of the run itself."""
    return (case.path_parameters or {}).get("key_id") not in OWN_KEYS


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
    """Whether this is a failure.

    A good request may be refused for what is beyond a schema, and a deleted thing may have a grace.
    """
    if type(failure).__name__ == "UseAfterFree":
        return _WITH_GRACE.fullmatch(failure.free) is None
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem = json.loads(response.text)
    codes = {problem["code"]} | {each["code"] for each in problem.get("errors", [])}
    return not codes - {"events_rejected"} <= BEYOND_A_SCHEMA.keys()
