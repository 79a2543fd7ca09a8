"""Whatever anybody sends to any operation, the answer is one that the OpenAPI document names.

Requests are made from the document: bodies and queries that fit it, the same with one thing wrong,
and ids of what earlier answers showed. `ApiClient` holds each answer against the document.
"""

import base64
import importlib
from collections.abc import Mapping
from functools import cache
from pkgutil import walk_packages
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import functions
import runtime
from functions import api as api_function
from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from functions._misfits import MISFIT_CODES
from tests import api_contract
from tests.api_client import Answer, ApiClient, a_url_event
from tests.api_examples import Story, play
from tests.schema_values import HOSTILE, changed, fitting

SCHEMAS: Final = api_contract.DOCUMENT["components"]["schemas"]
EXAMPLES: Final = 34  # of each operation: some 2,100 in all, within a minute
SETTINGS: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,  # what fails on one machine fails on all; other seeds are for the night
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # to shrink what failed would take minutes
)
HOSTILE_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
METHODS: Final = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "Q"),
)
HEADER_NAMES: Final = st.sampled_from(
    ["content-type", "content-encoding", "idempotency-key", "Content-Type", "x-any", "host"]
)
BASE64: Final = st.binary(max_size=50).map(lambda some: base64.b64encode(some).decode())
CHANGES: Final = SCHEMAS["WebhookChangesIn"]["properties"]
# The settings of a webhook that no other thing and no other setting has a say in.
CHANGED: Final = (
    "enabled",
    "retry_schedule_s",
    "timeout_s",
    "rate_limit",
    "max_concurrency",
)
# A name is printable, which no pattern of JSON Schema can say.
NAMES: Final = st.text("aZ0 -_.é名🙂", min_size=1, max_size=128)
HOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
Known = Mapping[str, list[str]]  # ids that there are, by the name of the parameter of a path


@pytest.fixture(scope="module", autouse=True)
def all_modules() -> None:
    """Everything that a call may import.

    Hypothesis draws the constants of our modules, too. One that is imported between two requests
    changes what it draws, and it then takes the test for one that depends on something outside.
    """
    for package in (functions, runtime):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


@pytest.fixture(scope="module")
def furnished(installation: ApiClient) -> Story:
    """A tenant that has some of everything, made by the story of the examples."""
    story = Story(api=installation.as_tenant("acme", scopes=("admin",)))
    play(story)
    return story


@pytest.fixture
def known(furnished: Story) -> Known:
    """Ids of the tenant's things, and of new ones that no earlier request has deleted."""
    found: dict[str, list[str]] = {}
    for example in furnished.told.values():
        for name, value in example.get("path", {}).items():
            found.setdefault(name, []).append(value)
    api = furnished.api
    found["webhook_id"] += [api.post("/v1/webhooks", HOOK).json["id"] for _ in range(3)]
    found["sync_id"].append(api.post("/v1/syncs", {"name": "n", "kind": "s3"}).json["id"])
    return found


@cache
def requests(each: Endpoint, *, wrong: str) -> st.SearchStrategy[dict[str, Any]]:
    """Requests of an operation as `path`, `query` and `body`; `wrong` may be one of these, or none.

    An id in a path that is to be one that there is is None.
    """
    parts: dict[str, dict[str, st.SearchStrategy[Any]]] = {"path": {}, "query": {}}
    for parameter in api_contract.operation(each)["parameters"]:
        place, values = parameter["in"], fitting(parameter["schema"], schemas=SCHEMAS)
        if place == "path":
            values = HOSTILE_TEXT if wrong == place else st.none() | st.none() | values
        if place in parts:
            is_wrong = wrong == place == "query"
            parts[place][parameter["name"]] = HOSTILE if is_wrong else values
    query = st.fixed_dictionaries({}, optional=parts["query"])
    return st.fixed_dictionaries(
        {
            "path": st.fixed_dictionaries(parts["path"]),
            "query": changed(query) if wrong == "query" else query,
            "body": bodies(each, is_wrong=wrong == "body"),
        }
    )


def bodies(each: Endpoint, *, is_wrong: bool) -> st.SearchStrategy[Any]:
    """Bodies of an operation; None where it takes none."""
    if not each.body:
        return st.none()
    content = api_contract.operation(each)["requestBody"]["content"]["application/json"]
    values = fitting(content["schema"], schemas=SCHEMAS)
    if is_wrong:
        return changed(values)
    return values.filter(api_contract.validator(content["schema"]).is_valid)


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
@given(data=st.data())
@SETTINGS
def test_no_request_gets_an_answer_that_the_document_does_not_name(
    furnished: Story, known: Known, each: Endpoint, data: st.DataObject
) -> None:
    """Above all no 500: what anybody can send is no surprise."""
    wrong = data.draw(st.sampled_from(["", "", "path", "query", "body"]))
    drawn = data.draw(requests(each, wrong=wrong))
    ids = {
        name: data.draw(st.sampled_from(known[name])) if text is None else text
        for name, text in drawn["path"].items()
    }
    path = each.path.format(**{name: quote(text, safe="") for name, text in ids.items()})
    query = {name: value for name, value in drawn["query"].items() if value is not None}

    answer = furnished.api.call(each.method, path, drawn["body"], query=query)

    assert answer.status != 500, answer.text
    if not wrong:
        assert not _codes(answer) & {*MISFIT_CODES, "not_json"}, (drawn, answer.text)
    elif each.body and answer.status < 300:
        content = api_contract.operation(each)["requestBody"]["content"]["application/json"]
        judge = api_contract.validator(content["schema"])
        assert judge.is_valid(drawn["body"]), (drawn, answer.text)


@given(data=st.data())
@settings(SETTINGS, max_examples=150)
def test_no_bytes_no_headers_and_no_method_are_a_surprise(
    furnished: Story, known: Known, data: st.DataObject
) -> None:
    """The gateway hands on whatever a socket can carry."""
    each = data.draw(st.sampled_from(ENDPOINTS))
    path = each.path.format(**{name: quote(ids[0], safe="") for name, ids in known.items()})
    event = a_url_event(
        data.draw(st.sampled_from(METHODS)),
        data.draw(st.sampled_from([path, path, path + "/", "/" + path, ""]) | HOSTILE_TEXT),
        query=data.draw(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=2)),
        headers={
            "authorization": data.draw(
                st.sampled_from(
                    [f"Bearer {furnished.api.key}", "Bearer", "Basic YTpi", "", "psk_x"]
                )
                | HOSTILE_TEXT
            ),
            **data.draw(st.dictionaries(HEADER_NAMES, st.text(max_size=20), max_size=2)),
        },
    )
    event["body"] = data.draw(st.none() | st.text(max_size=50) | BASE64)
    event["isBase64Encoded"] = data.draw(st.booleans())

    raw = api_function.handler(event, None)

    method = event["requestContext"]["http"]["method"]
    assert raw["statusCode"] != 500, raw
    api_contract.hold(
        method,
        event["rawPath"],
        status=raw["statusCode"],
        headers=raw["headers"],
        text=raw["body"],
    )
    if raw["statusCode"] == 405:
        assert method not in raw["headers"]["allow"].split(", ")


@given(name=NAMES, data=st.data())
@settings(SETTINGS, max_examples=20)
def test_what_was_made_is_found_changed_and_gone(
    furnished: Story, name: str, data: st.DataObject
) -> None:
    """The links between operations: an id that one of them answers is good for the others."""
    api = furnished.api
    made = api.post("/v1/webhooks", HOOK | {"name": name})
    assert 201 == made.status
    path = f"/v1/webhooks/{made.json['id']}"
    changes = data.draw(
        st.fixed_dictionaries(
            {}, optional={field: fitting(CHANGES[field], schemas=SCHEMAS) for field in CHANGED}
        )
    )

    changed_to = api.call("PATCH", path, changes)

    assert 200 == changed_to.status, changed_to.text
    shown = api.get(path).json
    assert changed_to.json == shown
    assert changes == {field: shown[field] for field in changes}
    assert name == shown["name"]
    assert 204 == api.call("DELETE", path).status
    for gone in (api.get(path), api.call("PATCH", path, {}), api.call("DELETE", path)):
        assert (404, "webhook_not_found") == (gone.status, gone.json["code"])


def _codes(answer: Answer) -> set[str]:
    """The codes of what does not fit; an event that is rejected has its own."""
    if answer.status < 400 or not answer.text:
        return set()
    problem = answer.json
    return {problem["code"], *(each["code"] for each in problem.get("errors", []))}
