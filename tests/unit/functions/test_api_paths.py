"""Paths: any id in them, whatever the gateway decodes, and what a path without the method gets."""

from typing import Any
from urllib.parse import quote

import pytest

from functions._api.endpoints import ENDPOINTS
from runtime.core.functions import error_groups
from runtime.core.functions.canary import Counts
from runtime.core.functions.health import Health
from runtime.core.functions.run import Outcome
from runtime.stores.functions.canary_counts import CanaryCounts
from runtime.stores.tables import keys
from tests.api_client import ApiClient
from tests.builders import NOW, a_function, a_profile, a_run

IDS = (
    "plain",
    "a b",
    "a@b.com",
    "a+b",
    "a/b",
    "/a//b/",
    'ü #?"\\',
    "100%",
    "%",
    "?x=1",
    "#top",
    "'\"",
    "a;b,c:d",
    "[x]{y}|^`<z>",
    "..a",
    "名前",
    "🙂",
    "~-._!$&'()*+,;=:@",
)


@pytest.mark.parametrize("profile_id", IDS)
def test_any_id_is_found_by_its_path(api: ApiClient, profile_id: str) -> None:
    """Ids are the customers' own, and so are the characters in them."""
    api.cloud.keep(a_profile(tenant=api.tenant, id=profile_id))

    encoded = api.get(f"/v1/profiles/{quote(profile_id, safe='')}")
    decoded = api.get(f"/v1/profiles/{profile_id}")

    assert [(200, profile_id)] * 2 == [
        (answer.status, answer.json["id"]) for answer in (encoded, decoded)
    ]


def test_an_escape_is_decoded_once(api: ApiClient) -> None:
    """Decoded twice, an id with an escape in it would lead to somebody else."""
    for profile_id in ("50%25", "50%"):
        api.cloud.keep(a_profile(tenant=api.tenant, id=profile_id, names=()))

    assert "50%25" == api.get("/v1/profiles/50%2525").json["id"]
    assert "50%" == api.get("/v1/profiles/50%25").json["id"]


def test_escapes_that_are_no_text_are_refused(api: ApiClient) -> None:
    """No id is made of bytes that are not UTF-8."""
    answer = api.get("/v1/profiles/%ff%fe")

    assert (400, "bad_path") == (answer.status, answer.json["code"])


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_every_parameter_of_every_path_is_decoded(api: ApiClient, each: object) -> None:
    """A path that is found with one gateway and not with another breaks on the day of the move."""
    assert isinstance(each, type(ENDPOINTS[0]))
    for text in ('a "b" %\\ü', "a@b 🙂#?"):
        given = dict.fromkeys(each.parameters, text)
        for path in (
            each.path.format(**given),
            each.path.format(**{name: quote(text, safe="") for name in given}),
        ):
            answer = api.call(each.method, path, {})
            assert "no_such_path" != (answer.text and answer.json.get("code")), path


@pytest.mark.parametrize("method", ["TRACE", "DELETE", "CONNECT", "BREW"])
def test_a_method_that_a_path_does_not_have_is_told_those_it_has(
    api: ApiClient, method: str
) -> None:
    """RFC 9110: 405 with Allow; 404 would say that the path is wrong."""
    answers = [
        api.call(method, path)
        for path in ("/v1/events", "/v1/events/a%20b", "/v1/events/a/b", "/openapi.json")
    ]

    assert [405] * 4 == [answer.status for answer in answers]
    read = "GET, HEAD, OPTIONS"
    allowed = [answer.headers["allow"] for answer in answers]
    assert ["GET, HEAD, OPTIONS, POST", read, read, read] == allowed
    assert {"method_not_allowed"} == {answer.json["code"] for answer in answers}


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_every_path_names_all_of_its_methods(api: ApiClient, each: object) -> None:
    """Allow is a list; one that leaves a method out is wrong."""
    assert isinstance(each, type(ENDPOINTS[0]))
    path = each.path.format(**dict.fromkeys(each.parameters, "x"))
    expected = {other.method for other in ENDPOINTS if other.path == each.path} | {"OPTIONS"}
    expected |= {"HEAD"} if "GET" in expected else set()

    refused = api.call("TRACE", path)
    asked = api.with_key(None).call("OPTIONS", path)

    assert (405, expected) == (refused.status, set(refused.headers["allow"].split(", ")))
    assert (204, expected, "") == (
        asked.status,
        set(asked.headers["allow"].split(", ")),
        asked.text,
    )


@pytest.mark.parametrize(
    "each", [each for each in ENDPOINTS if each.method == "GET"], ids=lambda each: each.path
)
def test_every_path_that_has_get_has_head_with_the_same_status_and_no_body(
    api: ApiClient, each: Any
) -> None:
    """RFC 9110 asks it of every server; whoever probes a resource need not fetch it."""
    path = each.path.format(**dict.fromkeys(each.parameters, "x"))

    got, probed = api.call("GET", path), api.call("HEAD", path)

    assert (got.status, dict(got.headers), "") == (
        probed.status,
        dict(probed.headers),
        probed.text,
    )
    assert 401 == api.with_key(None).call("HEAD", path).status


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/nothing", "/v1/profiles/", "/v1/a/b/c"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "POST"])
def test_an_unknown_path_is_not_found_by_any_method(api: ApiClient, method: str, path: str) -> None:
    """405 would say that there is something."""
    assert 404 == api.call(method, path).status


def test_the_id_of_another_thing_is_the_id_of_no_run_and_no_delivery(api: ApiClient) -> None:
    """Error groups, health and jobs rest in the same tables; some of their ids the API shows."""
    functions = api.application.functions
    functions.store.add(a_function(tenant=api.tenant, live_version=1))
    failed = a_run(id=f"run_{api.tenant}", tenant=api.tenant, outcome=Outcome.RAISED)
    (group,) = error_groups.group([failed], function_created_at=NOW)
    functions.errors.open(api.tenant, "vip-orders", [group.id])
    functions.errors.add(group)
    counts = CanaryCounts(table=functions.errors.table, clock=functions.errors.clock)
    counts.add(api.tenant, "can_1", Counts(canary_runs=1))
    functions.healths.replace(
        functions.healths.find(api.tenant, "vip-orders"),
        Health(tenant=api.tenant, function="vip-orders", failures=1),
    )
    job = api.post("/v1/functions/vip-orders/replay").json["id"]
    today = functions.errors.clock().date().isoformat()
    ids = (
        group.id,
        keys.error_day(api.tenant, today, "vip-orders"),
        keys.canary_counts(api.tenant, "can_1"),
        keys.function_health(api.tenant, "vip-orders"),
        keys.replay(job),
    )

    for each in (quote(one, safe="") for one in ids):
        for nobody in (api, api.newcomer()):
            answers = [
                nobody.get(f"/v1/runs/{each}"),
                nobody.post(f"/v1/runs/{each}/retry"),
                nobody.get(f"/v1/deliveries/{each}"),
                nobody.post(f"/v1/deliveries/{each}/retry"),
            ]
            assert [404] * 4 == [answer.status for answer in answers]
