"""Finding, changing, merging and parting profiles by the API."""

from typing import Any

import pytest

from runtime.core.profiles import stamps
from tests.api_client import ApiClient
from tests.known_people import found, know, patch, shown


class TestFinding:
    """A person is found by every name."""

    def test_every_name_leads_to_the_person_however_it_is_written(self, api: ApiClient) -> None:
        """Nobody knows which of the names an event brought first."""
        api.call("PUT", "/v1/identity", {"default_country": "DE", "own_kinds": ["card"]})
        person: dict[str, Any] = {
            "external_id": "c-1",
            "email": "ada@example.com",
            "phone": "+49301234567",
        }
        mine = know(api, **person, anonymous_id="browser-1", names={"card": "4711"})
        know(api, 2, email="bob@example.com")

        for name in (
            {"external_id": "c-1"}, {"email": " Ada@Example.com"}, {"phone": "030 1234567"},
            {"anonymous_id": "browser-1"}, {"card": "4711"},
        ):  # fmt: skip
            assert [mine] == [each["id"] for each in found(api, **name)]
        names = shown(api, mine)["names"]
        assert {"card": ["4711"], "phone": ["+49301234567"]} == {
            kind: names[kind] for kind in ("card", "phone")
        }

    def test_nobody_is_found_by_a_name_of_another_tenant(self, api: ApiClient) -> None:
        """An e-mail address must not tell who else's customer somebody is."""
        know(api, email="ada@example.com")

        assert [] == found(api.newcomer(), email="ada@example.com")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"email": "a@b.de", "phone": "+49301234567"}, "not_one_name"),
            ({"email": "null"}, "unusable_name"),
            ({"phone": "030 1234567"}, "unusable_name"),
            ({"card": "4711"}, "unknown_kind"),
        ],
    )
    def test_what_can_be_nobodys_name_is_refused(
        self, api: ApiClient, query: dict[str, str], code: str
    ) -> None:
        """An empty list would say that the person is unknown."""
        answer = api.get("/v1/profiles", **query)

        assert (422, code) == (answer.status, answer.json["code"])

    def test_all_are_listed_page_by_page(self, api: ApiClient) -> None:
        """Without those that were merged into others."""
        ids = {know(api, n, external_id=f"c-{n}") for n in range(1, 6)}
        gone = know(api, 9, external_id="c-9")
        api.post("/v1/profiles/merge", {"profile_ids": [gone, min(ids)]})

        listed: list[str] = []
        cursor = None
        while cursor is not None or not listed:
            more: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
            page = api.get("/v1/profiles", limit=2, **more).json
            listed += [each["id"] for each in page["data"]]
            cursor = page["next_cursor"]

        assert (5, sorted(listed)) == (len(set(listed)), listed)
        assert set(listed) <= ids | {gone}


class TestChanging:
    """PATCH changes what it names."""

    def test_each_kind_of_change_does_what_it_says(self, api: ApiClient) -> None:
        """All in one write."""
        mine = know(
            api, external_id="c-1", properties={"tags": ["a", "b"], "n": 1, "old": 1, "kept": 1}
        )

        answer = patch(
            api,
            mine,
            {
                "set": {"city": "Turin"},
                "unset": ["old", "never"],
                "append": {"tags": ["b", "c"], "lists": [1]},
                "increment": {"n": 2, "visits": 1},
            },
        )

        assert 200 == answer.status, answer.text
        expected = {"tags": ["a", "b", "c"], "lists": [1], "n": 3, "visits": 1, "kept": 1}
        assert {**expected, "city": "Turin"} == answer.json["properties"]
        assert int is type(answer.json["properties"]["n"])
        assert answer.json == shown(api, mine)
        removed = patch(api, mine, {"remove": {"tags": ["a", "zzz"], "none": [1]}}).json
        assert ["b", "c"] == removed["properties"]["tags"]

    def test_consent_has_its_source_and_time(self, api: ApiClient) -> None:
        """Who asks in three years needs both."""
        mine = know(api, external_id="c-1")
        said = {"status": "subscribed", "source": "checkout", "at": "2026-11-01T10:00:00+01:00"}

        answer = patch(api, mine, {"consent": {"email": said, "sms": {"status": "unsubscribed"}}})

        consent = answer.json["consent"]
        assert {**said, "at": "2026-11-01T09:00:00.000Z"} == consent["email"]
        assert ("unsubscribed", "api") == (consent["sms"]["status"], consent["sms"]["source"])

    def test_names_are_added_and_removed(self, api: ApiClient) -> None:
        """The person is found by the new one at once, and no more by the old one."""
        mine = know(api, external_id="c-1", email="old@example.com")

        change = {
            "add_names": {"email": ["New@example.com"]},
            "remove_names": {"email": ["old@example.com"]},
        }
        answer = patch(api, mine, change)

        assert {"external_id": ["c-1"], "email": ["new@example.com"]} == answer.json["names"]
        assert [mine] == [each["id"] for each in found(api, email="new@example.com")]
        assert [] == found(api, email="old@example.com")
        assert 200 == patch(api, mine, change).status

    def test_a_name_of_somebody_else_is_refused(self, api: ApiClient) -> None:
        """Who wants the two to be one merges them."""
        mine, other = know(api, external_id="c-1"), know(api, 2, email="bob@example.com")

        answer = patch(api, mine, {"add_names": {"email": ["bob@example.com"]}, "set": {"a": 1}})

        assert (409, "name_taken") == (answer.status, answer.json["code"])
        assert {} == shown(api, mine)["properties"]
        assert [other] == [each["id"] for each in found(api, email="bob@example.com")]

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"set": {"a": 1}, "increment": {"a": 1}}, "bad_change", "increment.a"),
            ({"append": {"n": [1]}}, "not_a_list", "append.n"),
            ({"increment": {"text": 1}}, "not_a_number", "increment.text"),
            ({"increment": {"n": 1e308}}, "sum_too_large", "increment.n"),
            ({"consent": {"fax": {"status": "subscribed"}}}, "bad_change", "consent.fax"),
            ({"add_names": {"email": ["nobody"]}}, "unusable_name", "add_names.email[0]"),
            ({"add_names": {"card": ["1"]}}, "unusable_name", "add_names.card[0]"),
            (
                {"add_names": {"email": [f"{n}@example.com" for n in range(6)]}},
                "too_many_values",
                "email",
            ),
        ],
    )
    def test_a_wrong_change_is_named_and_nothing_is_stored(
        self, api: ApiClient, changes: Any, code: str, field: str
    ) -> None:
        """The caller mends what the error names."""
        mine = know(api, external_id="c-1", properties={"n": 1e308, "text": "x"})
        before = shown(api, mine)

        answer = patch(api, mine, changes)

        assert (422, code, field) == (answer.status, answer.json["code"], answer.json["field"])
        assert before == shown(api, mine)

    def test_who_has_read_another_state_is_refused(self, api: ApiClient) -> None:
        """Of two who add up by reading and setting, one would be lost."""
        mine = know(api, external_id="c-1")
        etag = f'"{shown(api, mine)["etag"]}"'

        first = patch(api, mine, {"set": {"n": 1}}, **{"if-match": etag})
        second = patch(api, mine, {"set": {"n": 2}}, **{"if-match": etag})

        assert (200, 412) == (first.status, second.status)
        assert f'"{first.json["etag"]}"' == second.headers["etag"] == first.headers["etag"]
        assert 304 == api.call(
            "GET", f"/v1/profiles/{mine}", headers={"if-none-match": first.headers["etag"]}
        ).status  # fmt: skip

    def test_a_change_is_in_the_audit_log_without_the_person(self, api: ApiClient) -> None:
        """An entry outlives the person, who may ask to be forgotten."""
        mine = know(api, external_id="c-1", email="ada@example.com")
        patch(api, mine, {"set": {"city": "Turin"}})

        [entry] = api.get("/v1/audit", resource=mine).json["data"]

        assert "profile.updated" == entry["action"]
        text = api.get(f"/v1/audit/{entry['id']}").text
        assert not [word for word in ("ada@", "c-1", "Turin") if word in text]

    def test_only_a_key_that_may_write_changes_profiles(self, api: ApiClient) -> None:
        """Whoever reads for a report changes nothing."""
        mine = know(api, external_id="c-1")

        assert 403 == patch(api.with_scopes("profiles:read"), mine, {"set": {"a": 1}}).status
        assert 404 == patch(api, "prf_none", {"set": {"a": 1}}).status


class TestBulk:
    """Many records in one call."""

    def test_each_record_has_its_own_result(self, api: ApiClient) -> None:
        """One bad record must not cost the others."""
        mine = know(api, external_id="c-1", properties={"tags": ["a"]})
        bob = {"email": "Bob@example.com", "phone": "no number"}

        answer = api.post(
            "/v1/profiles/bulk",
            {
                "records": [
                    {"profile": {"external_id": "c-1"}, "append": {"tags": ["b"]}},
                    {"profile": bob, "set": {"city": "Turin"}},
                    {"profile": {"email": "bob@example.com"}, "increment": {"city": 1}},
                    {"profile": {"id": mine}, "set": {"vip": True}},
                    {"profile": {"email": "nobody"}, "set": {"a": 1}},
                    {"profile": {"id": "prf_none"}, "set": {"a": 1}},
                    {"profile": {"external_id": "c-1"}, "colour": 1},
                    {"profile": {"shoe": "44"}},
                    {"set": {"a": 1}},
                ]
            },
        )

        assert 200 == answer.status, answer.text
        results = answer.json["results"]
        expected = ["updated", "created", "failed", "updated", *["failed"] * 5]
        assert expected == [each["outcome"] for each in results]
        assert (1, 2, 6) == tuple(answer.json[name] for name in ("created", "updated", "failed"))
        assert [None, None, "not_a_number", None, "no_usable_name", "profile_not_found",
                "bad_change", "unknown_field", "no_usable_name"] == [
            each["error"] and each["error"]["code"] for each in results
        ]  # fmt: skip
        assert (
            "a telephone number has no letters" == results[1]["unusable_names"]["phone"]["reason"]
        )
        assert {"tags": ["a", "b"], "vip": True} == shown(api, mine)["properties"]
        assert {"city": "Turin"} == found(api, email="bob@example.com")[0]["properties"]

    def test_a_name_says_which_key_has_brought_it(self, api: ApiClient) -> None:
        """Nobody finds an event that was never sent."""
        api.post("/v1/profiles/bulk", {"records": [{"profile": {"external_id": "c-1"}}]})

        [mine] = found(api, external_id="c-1")
        profile = api.cloud.profiles.find(api.tenant, mine["id"])
        [key] = api.get("/v1/api-keys").json["data"]
        assert profile is not None
        assert f"key:{key['id']}" == stamps.cause_of(profile.names[0].stamp)

    def test_a_record_joins_what_its_names_lead_to(self, api: ApiClient) -> None:
        """As an event does that names both."""
        older = know(api, external_id="c-1", at="2026-11-01T00:00:00.000Z")
        younger = know(api, 2, email="ada@example.com")

        record = {"profile": {"external_id": "c-1", "email": "ada@example.com"}, "set": {"a": 1}}
        [result] = api.post("/v1/profiles/bulk", {"records": [record]}).json["results"]

        assert ("updated", older) == (result["outcome"], result["id"])
        assert shown(api, older) == shown(api, younger)
        assert ([younger], {"a": 1}) == tuple(
            shown(api, older)[name] for name in ("merged_ids", "properties")
        )

    def test_a_failed_record_leaves_nothing_for_the_next(self, api: ApiClient) -> None:
        """What it had joined in memory must not be stored with another record."""
        know(api, external_id="c-1", at="2026-11-01T00:00:00.000Z", properties={"n": "x"})
        know(api, 2, email="ada@example.com")
        both = {"external_id": "c-1", "email": "ada@example.com"}

        results = api.post(
            "/v1/profiles/bulk",
            {"records": [
                {"profile": both, "increment": {"n": 1}},
                {"profile": {"external_id": "c-1"}, "set": {"a": 1}},
            ]},
        ).json["results"]  # fmt: skip

        assert ["failed", "updated"] == [each["outcome"] for each in results]
        assert [] == found(api, external_id="c-1")[0]["merged_ids"]

    @pytest.mark.parametrize("records", [[], [{}] * 1001])
    def test_a_call_has_one_to_a_thousand_records(self, api: ApiClient, records: Any) -> None:
        """More would not be done before the call ends."""
        assert 422 == api.post("/v1/profiles/bulk", {"records": records}).status
