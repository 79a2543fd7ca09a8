"""What schemathesis has to know of the API besides its document. It loads this file by itself."""

import json
import os
from pathlib import Path
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st

# Why a request that fits the document may be refused all the same, by the code of the problem. With
# any other code it is a failure: then the document says too little, or the API asks too much.
BEYOND_A_SCHEMA: Final = {
    "bad_cursor": "a cursor is a token that only the API itself makes",
    "bad_expiry": "a time has to be in the future",
    "bad_filter": "EventBridge's rules for patterns: what an operator takes, how much `$or` yields",
    "bad_triggers": "how a function's triggers may be named depends on how many it has",
    "dns_failure": "whether a host name resolves",
    "handshake_failed": "what the receiver answers to OPTIONS",
    "idempotency_key_reused": "whether the key was used before",
    "not_one_identifier": "OpenAPI cannot say that exactly one of three parameters is needed",
    "reserved_field": "the tenant of an event, if any, is the caller's own",
    "secret_blanks": "blanks around a secret are refused if it has one line only",
    "unknown_function": "whether there is a function of this name",
}
# A receiver on this machine, for all that the document's examples call by a host name: no test asks
# a name server.
RECEIVER: Final = os.environ["PENSTOCK_RECEIVER"]
OWN_KEYS: Final = frozenset(os.environ["PENSTOCK_KEY_IDS"].split(","))

# By itself it makes no value for a header whose pattern asks for quotes, and then takes a number
# for a good one; a format tells it how to make one.
schemathesis.openapi.format(
    "etags",
    st.just("*") | st.lists(st.from_regex(r'\A(W/)?"[!#-~]{0,40}"\Z'), min_size=1).map(", ".join),
)


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Name the format of the headers that hold ETags."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                if parameter["name"] in {"If-Match", "If-None-Match"}:
                    parameter["schema"]["format"] = "etags"


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Write down how each call ended, for the test to count."""
    is_problem = response.headers.get("content-type") == ["application/problem+json"]
    code = json.loads(response.text)["code"] if is_problem and response.text else None
    answer = {"operation": case.operation.label, "status": response.status_code, "code": code}
    with Path(os.environ["PENSTOCK_ANSWERS"]).open("a", encoding="utf-8") as answers:
        answers.write(json.dumps(answer) + "\n")


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Whether this request is sent: all are, but those that end the keys of the run itself."""
    return (case.path_parameters or {}).get("key_id") not in OWN_KEYS


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """The body with the receiver's address in the place of that of the examples."""
    return _at_receiver(body)


def _at_receiver(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _at_receiver(each) for name, each in value.items()}
    return (
        RECEIVER
        if isinstance(value, str) and value.startswith("https://hooks.example.com/")
        else value
    )


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
    """Whether this is a failure; a good request may be refused for what is beyond a schema."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem = json.loads(response.text)
    codes = {problem["code"]} | {each["code"] for each in problem.get("errors", [])}
    return not codes - {"events_rejected"} <= BEYOND_A_SCHEMA.keys()
