"""Data transforms over the API: made, changed, tried, taken back."""

from typing import Any, Final

import pytest

from runtime.core.profiles.profile import Profile
from runtime.core.transforms.transform_list import MAX_VERSIONS
from runtime.stores.transforms.known_transforms import KnownTransforms
from tests.api_client import ApiClient
from tests.doubles import FakeClock
from tests.overtaking import overtaken_by

CITY: Final = {
    "name": "cities",
    "method": "format",
    "sources": ["city"],
    "target": "city",
    "settings": {"trim": True, "case": "title"},
}


def test_a_transform_is_shown_as_it_was_made_with_all_its_settings(api: ApiClient) -> None:
    """Nobody should have to know the defaults."""
    made = api.post("/v1/transforms", CITY)
    expected = {"id": made.json["id"], "position": 1, "version": 1, "enabled": True}
    assert made.status == 201
    assert made.json | {**CITY, "settings": made.json["settings"], **expected} == made.json
    assert made.json["settings"] | CITY["settings"] == made.json["settings"]
    assert made.json["settings"]["kind"] is None
    assert made.json == api.get(f"/v1/transforms/{made.json['id']}").json


def test_a_target_that_nobody_names_is_named_as_klaviyo_does(api: ApiClient) -> None:
    """Who moves here finds the properties under the names that he has."""
    made = api.post("/v1/transforms", {**CITY, "target": None})
    assert made.json["target"] == "city_transformed"


def test_transforms_are_listed_in_their_order_and_moved_in_it(api: ApiClient) -> None:
    """Later ones read what earlier ones have made, so the order is a setting."""
    first, second, third = (_made(api, target=target) for target in "abc")
    moved = api.call("PATCH", f"/v1/transforms/{third}", {"position": 1})
    inserted = _made(api, target="d", position=2)
    assert moved.json["position"] == 1
    assert _ids(api) == [third, inserted, first, second]
    page = api.get("/v1/transforms", limit=3).json
    rest = api.get("/v1/transforms", limit=3, cursor=page["next_cursor"]).json
    assert [each["position"] for each in page["data"] + rest["data"]] == [1, 2, 3, 4]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"name": ""}, "bad_name", "name"),
        ({"method": "guess"}, "bad_field", "method"),
        ({"sources": []}, "bad_sources", "sources"),
        ({"sources": ["a", "b"]}, "bad_sources", "sources"),
        ({"target": ""}, "bad_target", "target"),
        ({"target": "email"}, "identifier_target", "target"),
        ({"target": "$email"}, "reserved_target", "target"),
        ({"settings": {}}, "bad_settings", "settings"),
        ({"settings": {"case": "camel"}}, "bad_settings", "settings.case"),
        ({"position": 3}, "bad_position", "position"),
        ({"position": 0}, "bad_field", "position"),
        ({"target": "taken"}, "duplicate_target", "target"),
        ({"sources": ["taken"], "target": "source of taken"}, "circle", "sources"),
        (
            {
                "method": "standardize",
                "settings": {
                    "rules": [{"operator": "matches", "values": ["(a+"], "replacement": 1}]
                },
            },
            "bad_pattern",
            "settings.rules[0].values",
        ),
    ],
)
def test_what_cannot_work_is_refused_by_field_everywhere(
    api: ApiClient, body: dict[str, Any], code: str, field: str
) -> None:
    """A dry run must not promise what creating then refuses."""
    _made(api, sources=["source of taken"], target="taken")
    for path in ("/v1/transforms", "/v1/transform-dry-runs"):
        refused = api.post(path, CITY | body)
        assert (refused.status, refused.json["code"], refused.json["field"]) == (422, code, field)
    assert len(_ids(api)) == 1


def test_a_change_of_the_definition_is_a_version_and_other_changes_are_none(
    api: ApiClient,
) -> None:
    """Versions are what one can go back to."""
    path = f"/v1/transforms/{_made(api)}"
    changed = api.call("PATCH", path, {"settings": {"case": "upper"}, "sources": ["town"]})
    off = api.call("PATCH", path, {"enabled": False})
    same = api.call("PATCH", path, {"settings": {"case": "upper"}})
    assert [each.json["version"] for each in (changed, off, same)] == [2, 2, 2]
    assert same.json == off.json

    back = api.post(f"{path}/revert", {"version": 1}).json
    assert (back["version"], back["sources"], back["enabled"]) == (3, ["city"], False)
    listed = api.get(f"{path}/versions").json["data"]
    assert [(each["version"], each["sources"]) for each in listed] == [
        (3, ["city"]),
        (2, ["town"]),
        (1, ["city"]),
    ]


def test_true_is_another_replacement_than_one(api: ApiClient) -> None:
    """To Python they are equal; to whoever reads the property they are not."""
    rule = {"operator": "equals", "values": ["yes"], "replacement": 1}
    made = _made(api, method="standardize", settings={"rules": [rule]})
    changes = {"settings": {"rules": [rule | {"replacement": True}]}}
    changed = api.call("PATCH", f"/v1/transforms/{made}", changes).json
    assert changed["version"] == 2
    assert changed["settings"]["rules"][0]["replacement"] is True


def test_only_the_last_versions_are_kept(api: ApiClient) -> None:
    """A transform that a program changes each hour must not fill the table."""
    path = f"/v1/transforms/{_made(api)}"
    for number in range(MAX_VERSIONS + 1):
        api.call("PATCH", path, {"name": f"name {number}"})
    listed = api.get(f"{path}/versions", limit=200).json["data"]
    assert [each["version"] for each in listed] == list(range(MAX_VERSIONS + 2, 2, -1))
    gone = api.post(f"{path}/revert", {"version": 1})
    assert (gone.status, gone.json["code"]) == (404, "version_not_found")


def test_a_revert_that_does_not_fit_the_others_of_today_is_refused(api: ApiClient) -> None:
    """Somebody may have given its old target to another one since."""
    path = f"/v1/transforms/{_made(api, target='old')}"
    api.call("PATCH", path, {"target": "new"})
    _made(api, target="old")
    refused = api.post(f"{path}/revert", {"version": 1})
    assert (refused.status, refused.json["code"]) == (422, "duplicate_target")


def test_a_deleted_transform_is_gone_with_its_versions(api: ApiClient) -> None:
    """And the others move up."""
    first, second = _made(api, target="a"), _made(api, target="b")
    assert api.call("DELETE", f"/v1/transforms/{first}").status == 204
    assert _ids(api) == [second]
    assert api.get(f"/v1/transforms/{second}").json["position"] == 1
    for below in ("", "/versions"):
        gone = api.get(f"/v1/transforms/{first}{below}")
        assert (gone.status, gone.json["code"]) == (404, "transform_not_found")
    sort_keys = [
        item["sk"]["S"]
        for item in api.cloud.config.table.query(
            {
                "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": {":pk": {"S": f"tenant#{api.tenant}"}},
            }
        )
    ]
    assert not [key for key in sort_keys if first in key]


def test_two_who_make_one_target_at_the_same_moment_do_not_both_succeed(api: ApiClient) -> None:
    """The rules about several transforms hold whoever writes meanwhile."""
    with overtaken_by(api, lambda: api.post("/v1/transforms", CITY)) as other:
        refused = api.post("/v1/transforms", CITY)
    assert other[0].status == 201
    assert (refused.status, refused.json["code"]) == (422, "duplicate_target")


def test_a_dry_run_shows_what_would_change_and_changes_nothing(api: ApiClient) -> None:
    """Before and after, as the profile shows its properties: with all other transforms."""
    _stored(api, "a", city=" roma ")
    _stored(api, "b", city="Oslo")
    _stored(api, "c", other=1)
    _stored(api, "d", deleted=True, city=" gone ")
    _stored(api, "e", city="x" * 9000)
    dry = api.post("/v1/transform-dry-runs", {**CITY, "profiles": 100})
    assert dry.json == {
        "profiles": 4,
        "changed": 1,
        "too_large": 1,
        "examples": [{"profile_id": "a", "before": {"city": " roma "}, "after": {"city": "Roma"}}],
    }
    assert _ids(api) == []


def test_a_dry_run_of_a_change_shows_the_difference_to_today(api: ApiClient) -> None:
    """Also what switching it off takes back, and what follows for later transforms."""
    _stored(api, "a", city=" roma ")
    city = _made(api)
    _made(api, sources=["city"], target="upper", settings={"case": "upper"})
    dry = api.post(f"/v1/transforms/{city}/dry-run", {"enabled": False}).json
    assert dry["examples"] == [
        {
            "profile_id": "a",
            "before": {"city": "Roma", "upper": "ROMA"},
            "after": {"city": " roma ", "upper": " ROMA "},
        }
    ]
    assert api.post(f"/v1/transforms/{city}/dry-run", {}).json["changed"] == 0


def test_a_dry_run_looks_at_no_more_profiles_than_it_is_asked_to(api: ApiClient) -> None:
    """A tenant has millions; twenty examples are shown, and all that change are counted."""
    for number in range(130):
        _stored(api, f"p{number:03d}", city=" x")
    dry = api.post("/v1/transform-dry-runs", {**CITY, "profiles": 120}).json
    assert (dry["profiles"], dry["changed"], len(dry["examples"])) == (120, 120, 20)


def test_a_warm_worker_sees_a_change_within_seconds(api: ApiClient) -> None:
    """Disabled and deleted ones work no more, and other tenants' never did."""
    clock = FakeClock()
    known = KnownTransforms(config=api.application.transforms.store.config, clock=clock)
    profile = Profile(id="p", tenant=api.tenant, revision=1, properties={"city": " a"})
    assert known.overlay(api.tenant)(profile) == {}
    path = f"/v1/transforms/{_made(api)}"
    assert known.overlay(api.tenant)(profile) == {}
    clock.advance(5)
    assert known.overlay(api.tenant)(profile) == {"city": "A"}
    api.call("PATCH", path, {"enabled": False})
    clock.advance(5)
    assert known.overlay(api.tenant)(profile) == {}
    assert known.overlay("another")(profile) == {}


def _made(api: ApiClient, **changes: Any) -> str:
    return str(api.post("/v1/transforms", CITY | changes).json["id"])


def _ids(api: ApiClient) -> list[str]:
    return [each["id"] for each in api.get("/v1/transforms").json["data"]]


def _stored(api: ApiClient, profile_id: str, *, deleted: bool = False, **properties: Any) -> None:
    profile = Profile(
        id=profile_id, tenant=api.tenant, revision=1, properties=properties, deleted=deleted
    )
    api.cloud.keep(profile)
