"""What only the gateway could hand on, and what a changed thing shows afterwards.

That each answer to a request is as the OpenAPI document says, schemathesis tries on the running API
(`tests/e2e/test_api_by_others.py`). No client of HTTP sends what is tried here.
"""

import base64
import importlib
from collections.abc import Mapping
from pkgutil import walk_packages
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import functions
import runtime
from functions import api as api_function
from functions._api.endpoints import ENDPOINTS
from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.pacing.rate_limit import MAX_COUNT, Per
from runtime.core.webhooks import rules
from runtime.core.webhooks.webhook import MAX_TIMEOUT_S
from tests import api_contract
from tests.api_client import ApiClient, a_url_event
from tests.api_examples import play
from tests.api_story import Story

SETTINGS: Final = settings(
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
NAMES: Final = st.from_regex(rules.NAME, fullmatch=True).filter(
    lambda name: len(name) <= rules.MAX_NAME_CHARS
)
# Changes of a webhook that no other thing and no other setting has a say in.
CHANGES: Final = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "retry_schedule_s": st.none()
        | st.lists(st.integers(1, rules.MAX_RETRY_DELAY_S), max_size=rules.MAX_RETRIES),
        "timeout_s": st.integers(1, MAX_TIMEOUT_S),
        "rate_limit": st.none()
        | st.fixed_dictionaries(
            {"count": st.integers(1, MAX_COUNT), "per": st.sampled_from([str(per) for per in Per])}
        ),
        "max_concurrency": st.none() | st.integers(1, MAX_CONCURRENCY),
    },
)
HOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
Known = Mapping[str, str]  # ids that there are, by the name of the parameter of a path


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


@pytest.fixture(scope="module")
def known(furnished: Story) -> Known:
    """Ids of the tenant's things."""
    paths = (example.get("path", {}) for example in furnished.told.values())
    return {name: text for path in paths for name, text in path.items()}


@given(data=st.data())
@settings(SETTINGS, max_examples=150)
def test_no_bytes_no_headers_and_no_method_are_a_surprise(
    furnished: Story, known: Known, data: st.DataObject
) -> None:
    """The gateway hands on whatever a socket can carry."""
    each = data.draw(st.sampled_from(ENDPOINTS))
    path = each.path.format(**{name: quote(text, safe="") for name, text in known.items()})
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


@given(name=NAMES, changes=CHANGES)
@settings(SETTINGS, max_examples=20)
def test_what_was_made_is_found_changed_and_gone(
    furnished: Story, name: str, changes: Mapping[str, object]
) -> None:
    """What a change says is what is shown from then on."""
    api = furnished.api
    made = api.post("/v1/webhooks", HOOK | {"name": name})
    assert 201 == made.status
    path = f"/v1/webhooks/{made.json['id']}"

    changed_to = api.call("PATCH", path, changes)

    assert 200 == changed_to.status, changed_to.text
    shown = api.get(path).json
    assert changed_to.json == shown
    assert changes == {field: shown[field] for field in changes}
    assert name == shown["name"]
    assert 204 == api.call("DELETE", path).status
    for gone in (api.get(path), api.call("PATCH", path, {}), api.call("DELETE", path)):
        assert (404, "webhook_not_found") == (gone.status, gone.json["code"])
