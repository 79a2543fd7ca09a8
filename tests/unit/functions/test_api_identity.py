"""The rules of names, as a tenant sets them."""

from typing import Any

import pytest

from runtime.core.profiles import names
from runtime.core.profiles.names import Name
from tests.api_client import ApiClient
from tests.builders import a_profile

RULES = {
    "default_country": "DE",
    "lower_local_part": False,
    "own_kinds": ["loyalty_card"],
    "max_values": {"email": 1},
    "blocked": ["shop@example.com"],
}


def put(api: ApiClient, rules: Any, **headers: str) -> Any:
    """Set rules."""
    return api.call("PUT", "/v1/identity", rules, headers=headers)


def test_a_tenant_has_the_defaults_until_it_sets_rules(api: ApiClient) -> None:
    """Nobody has to set anything before the first event."""
    shown = api.get("/v1/identity").json

    assert names.NameRules().to_json() == {k: v for k, v in shown.items() if k != "etag"}


def test_rules_are_kept_and_names_are_read_by_them(api: ApiClient) -> None:
    """Workers read them from the same record."""
    answer = put(api, RULES)

    assert 200 == answer.status
    assert answer.json == api.get("/v1/identity").json
    assert (1, 5) == tuple(answer.json["max_values"][kind] for kind in ("email", "loyalty_card"))
    rules = api.application.profiles.rules.of(api.tenant)
    assert Name("phone", "+49301234567") == names.read("phone", "030 1234567", rules)
    assert answer.json == put(api, {k: v for k, v in answer.json.items() if k != "etag"}).json


def test_the_form_of_names_stays_once_there_are_profiles(api: ApiClient) -> None:
    """The names that are stored would no longer be met; limits and kinds may change."""
    put(api, RULES)
    api.cloud.keep(a_profile(tenant=api.tenant, id="prf_1"))

    for other in ({"default_country": "FR"}, {"lower_local_part": True}):
        answer = put(api, {**RULES, **other})
        assert (409, "identity_in_use") == (answer.status, answer.json["code"])
    assert 200 == put(api, {**RULES, "own_kinds": [], "max_values": {}, "blocked": []}).status


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"default_country": "Germany"}, "default_country"),
        ({"own_kinds": ["email"]}, "own_kinds[0]"),
        ({"max_values": {"email": 11}}, "max_values.email"),
        ({"max_values": {"shoe_size": 1}}, "max_values.shoe_size"),
        ({"blocked": ["x"] * 201}, "blocked"),
    ],
)
def test_a_wrong_rule_is_named(api: ApiClient, rules: Any, field: str) -> None:
    """The caller mends what the error names."""
    answer = put(api, rules)

    problem = answer.json
    assert (422, "bad_identity", field) == (answer.status, problem["code"], problem["field"])


def test_who_has_read_other_rules_is_refused(api: ApiClient) -> None:
    """Of two people who edit the rules one must not undo the other's change unseen."""
    etag = api.get("/v1/identity").json["etag"]
    assert 200 == put(api, RULES, **{"if-match": f'"{etag}"'}).status

    late = put(api, {}, **{"if-match": f'"{etag}"'})

    assert (412, "precondition_failed") == (late.status, late.json["code"])
    assert 403 == put(api.with_scopes("profiles:read"), {}).status
