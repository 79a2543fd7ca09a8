"""/v1/profiles/merge and /unmerge."""

from tests.api_client import ApiClient
from tests.known_people import found, know, patch, shown


class TestMerging:
    """By hand, and back."""

    def two(self, api: ApiClient) -> tuple[str, str]:
        """An older and a younger profile of one person."""
        older = know(
            api, external_id="c-1", at="2026-11-01T00:00:00.000Z", properties={"a": 1, "b": 1}
        )
        return older, know(api, 2, email="ada@example.com", properties={"b": 2, "c": 2})

    def test_the_older_survives_and_every_id_and_name_leads_to_it(self, api: ApiClient) -> None:
        """Whoever kept the other id must not lose the person."""
        older, younger = self.two(api)

        answer = api.post("/v1/profiles/merge", {"profile_ids": [younger, older]})

        assert (200, older, [younger]) == (
            answer.status, answer.json["id"], answer.json["merged_ids"],
        )  # fmt: skip
        assert {"a": 1, "b": 2, "c": 2} == answer.json["properties"]
        assert answer.json == shown(api, younger) == found(api, email="ada@example.com")[0]

    def test_what_cannot_be_merged_is_refused(self, api: ApiClient) -> None:
        """With itself, with nobody, and against a rule."""
        api.call("PUT", "/v1/identity", {"max_values": {"external_id": 1}})
        older, younger = self.two(api)
        elsewhere = know(api.newcomer(), email="ada@example.com")
        card = know(api, 3, external_id="c-3")

        def merged(*ids: str) -> tuple[int, str]:
            answer = api.post("/v1/profiles/merge", {"profile_ids": ids})
            return answer.status, answer.json["code"]

        assert (409, "same_profile") == merged(older, older)
        assert (404, "profile_not_found") == merged(older, "prf_none")
        assert (404, "profile_not_found") == merged(older, elsewhere)
        assert (409, "merge_refused") == merged(older, card)
        api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        assert (409, "same_profile") == merged(older, younger)

    def test_parting_gives_each_back_what_it_had_and_keeps_what_came_since(
        self, api: ApiClient
    ) -> None:
        """A merge that was wrong must not cost anybody what is right."""
        older, younger = self.two(api)
        before = shown(api, younger)
        api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        know(api, 4, external_id="c-1", at="2026-11-22T00:00:00.000Z", properties={"d": 4})

        answer = api.post("/v1/profiles/unmerge", {"profile_id": younger})

        assert 200 == answer.status, answer.text
        same = ("id", "names", "properties", "email", "created_at")
        assert {n: before[n] for n in same} == {n: answer.json[n] for n in same}
        assert answer.json == shown(api, younger) == found(api, email="ada@example.com")[0]
        rest = shown(api, older)
        assert ({"a": 1, "b": 1, "d": 4}, [], {"external_id": ["c-1"]}) == tuple(
            rest[name] for name in ("properties", "merged_ids", "names")
        )

    def test_no_event_merges_again_what_people_have_parted(self, api: ApiClient) -> None:
        """The events that named both come again with every replay; a person may change his mind."""
        older, younger = self.two(api)
        api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        api.post("/v1/profiles/unmerge", {"profile_id": younger})

        know(api, 5, external_id="c-1", email="ada@example.com", at="2026-11-23T00:00:00.000Z")

        assert (older, younger) == (shown(api, older)["id"], shown(api, younger)["id"])
        assert [younger] == [each["id"] for each in found(api, email="ada@example.com")]
        again = api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        assert (200, [younger]) == (again.status, again.json["merged_ids"])

    def test_what_cannot_be_parted_is_refused(self, api: ApiClient) -> None:
        """The later merge is parted first, since it took the names on."""
        older, younger = self.two(api)
        oldest = know(api, 6, phone="+49301234567", at="2026-10-01T00:00:00.000Z")

        def parted(profile_id: str) -> tuple[int, str | None]:
            answer = api.post("/v1/profiles/unmerge", {"profile_id": profile_id})
            return answer.status, answer.json.get("code")

        assert (404, "profile_not_found") == parted("prf_none")
        assert (409, "not_merged") == parted(younger)
        api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        api.post("/v1/profiles/merge", {"profile_ids": [older, oldest]})
        assert (409, "merged_again") == parted(younger)
        assert (200, None) == parted(older)
        assert (200, None) == parted(younger)
        assert 3 == len({shown(api, each)["id"] for each in (oldest, older, younger)})

    def test_a_name_that_was_taken_away_meanwhile_does_not_come_back(self, api: ApiClient) -> None:
        """It may be somebody else's by now."""
        older, younger = self.two(api)
        api.post("/v1/profiles/merge", {"profile_ids": [older, younger]})
        patch(api, older, {"remove_names": {"email": ["ada@example.com"]}})
        other = know(api, 7, email="ada@example.com")

        answer = api.post("/v1/profiles/unmerge", {"profile_id": younger})

        assert (200, {}) == (answer.status, answer.json["names"])
        assert [other] == [each["id"] for each in found(api, email="ada@example.com")]
