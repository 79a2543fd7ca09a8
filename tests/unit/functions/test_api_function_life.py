"""Functions over the API: switched off and on, deleted, restored, and purged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from runtime.core.functions import life
from runtime.core.timestamps import moment, timestamp
from runtime.errors import Conflict
from runtime.stores.functions.deletions import Deletions
from runtime.stores.functions.functions import Functions
from runtime.usecases.functions.purge_functions import PurgeFunctions
from tests.api_client import Answer, ApiClient

SOURCE: Final = "def handler(event):\n    return event['id']\n"
WEBHOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
# Every call that changes a function: method, what follows its path, and a body.
CHANGES: Final = [
    ("PATCH", "", {"topics": ["metric.y"]}),
    ("POST", "/versions", {"source": SOURCE}),
    ("POST", "/publish", {"version": 1}),
    ("POST", "/rollback", {}),
    ("DELETE", "/versions/1", None),
    ("PUT", "/canary", {"version": 1, "percent": 10}),
    ("DELETE", "/canary", None),
    ("POST", "/canary/promote", {}),
    ("POST", "/enable", {}),
    ("POST", "/disable", {}),
    ("PUT", "/environment", {"values": {"A": "1"}}),
    ("PUT", "/secrets/TOKEN", {"value": "x"}),
    ("DELETE", "/secrets/TOKEN", None),
]
VERBS: Final = [*CHANGES, ("DELETE", "", None), ("POST", "/restore", {})]
READS: Final = ["", "/environment", "/secrets", "/runs", "/versions", "/releases"]


@pytest.fixture
def vip(api: ApiClient) -> str:
    """The path of a published function with a secret."""
    settings = {"name": "vip", "topics": ["metric.x"], "environment": {"SHOP": "a"}}
    api.post("/v1/functions", {**settings, "secrets": ["TOKEN"]})
    api.call("PUT", "/v1/functions/vip/secrets/TOKEN", {"value": "hush"})
    api.post("/v1/functions/vip/versions", {"source": SOURCE})
    api.post("/v1/functions/vip/publish")
    return "/v1/functions/vip"


def shown(api: ApiClient, path: str) -> Any:
    """The function at this path, without how it does."""
    return {name: value for name, value in api.get(path).json.items() if name != "health"}


def delete(api: ApiClient, path: str, **query: str) -> Answer:
    """Delete what is at this path."""
    return api.call("DELETE", path, query=query)


def a_transform(api: ApiClient, name: str) -> Any:
    """A webhook whose transform the function is."""
    return api.post("/v1/webhooks", {**WEBHOOK, "transform": name}).json


def is_refused(answer: Answer, code: str) -> None:
    """With this code, and never as a defect of ours."""
    assert code == answer.json["code"], answer.text
    assert answer.status in {404, 409}


def test_a_switch_may_be_said_twice_and_leaves_the_rest_as_it_is(api: ApiClient, vip: str) -> None:
    """Whoever lost an answer asks again."""
    before = shown(api, vip)

    off = api.post(f"{vip}/disable")
    again = api.post(f"{vip}/disable")
    on = api.post(f"{vip}/enable")

    assert (200, False) == (off.status, off.json["enabled"])
    assert off.json == again.json
    assert before == {**on.json, "switched_at": None, "etag": before["etag"]}
    assert on.json["switched_at"] is not None


def test_a_deleted_function_is_shown_with_the_day_of_its_end(api: ApiClient, vip: str) -> None:
    """Nobody has to count days, or to look for what is gone."""
    before = shown(api, vip)

    deleted = delete(api, vip)

    assert 200 == deleted.status
    days = moment(deleted.json["purged_at"]) - moment(deleted.json["deleted_at"])
    assert timedelta(days=7) == days
    assert deleted.json == delete(api, vip).json == shown(api, vip)
    assert [deleted.json] == api.get("/v1/functions").json["data"]
    kept = {"deleted_at": None, "purged_at": None, "etag": before["etag"]}
    assert before == {**deleted.json, **kept}


def test_a_restored_function_is_what_it_was(api: ApiClient, vip: str) -> None:
    """Its version is live, its settings hold, its secret has its value."""
    before = shown(api, vip)
    delete(api, vip)

    restored = api.post(f"{vip}/restore")

    assert (200, before) == (restored.status, restored.json)
    assert restored.json == api.post(f"{vip}/restore").json
    assert {"TOKEN": True} == restored.json["secrets"]
    assert 2 == api.post(f"{vip}/versions", {"source": SOURCE + "#"}).json["version"]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_no_change_reaches_a_deleted_function_and_each_names_the_way_back(
    api: ApiClient, vip: str, method: str, path: str, body: Any
) -> None:
    """What would be changed unseen is what is restored later."""
    before = delete(api, vip).json

    refused = api.call(method, f"{vip}{path}", body)

    assert (409, "function_deleted") == (refused.status, refused.json["code"])
    assert "penstock functions restore vip" in refused.json["detail"]
    assert before == shown(api, vip)


def test_the_name_of_a_deleted_function_is_not_given_again(api: ApiClient, vip: str) -> None:
    """A new function under it would inherit the undo of the old one."""
    assert "function_exists" == api.post("/v1/functions", {"name": "vip"}).json["code"]
    delete(api, vip)

    refused = api.post("/v1/functions", {"name": "vip"})

    assert (409, "function_deleted") == (refused.status, refused.json["code"])
    assert "penstock functions restore vip" in refused.json["detail"]


@pytest.mark.parametrize("path", READS)
def test_a_deleted_function_can_be_looked_at(api: ApiClient, vip: str, path: str) -> None:
    """To decide whether to restore it."""
    delete(api, vip)

    assert 200 == api.get(f"{vip}{path}").status


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
def test_no_verb_reaches_a_function_that_is_not_there(
    api: ApiClient, vip: str, method: str, path: str, body: Any
) -> None:
    """Another tenant's function looks as if there were none."""
    stranger = api.newcomer()
    before = shown(api, vip)

    is_refused(api.call(method, f"/v1/functions/nobody{path}", body), "function_not_found")
    is_refused(stranger.call(method, f"{vip}{path}", body), "function_not_found")
    assert before == shown(api, vip)


@pytest.mark.parametrize("path", READS)
def test_nothing_of_a_function_that_is_not_there_is_shown(
    api: ApiClient, vip: str, path: str
) -> None:
    """Nor of another tenant's."""
    is_refused(api.get(f"/v1/functions/nobody{path}"), "function_not_found")
    is_refused(api.newcomer().get(f"{vip}{path}"), "function_not_found")


def test_a_transform_in_use_is_not_deleted_but_by_force(api: ApiClient, vip: str) -> None:
    """Its webhooks would deliver nothing from then on."""
    using = [a_transform(api, "vip")["id"] for _ in range(2)]
    api.post("/v1/webhooks", WEBHOOK)

    refused = delete(api, vip)

    assert (409, "function_in_use") == (refused.status, refused.json["code"])
    assert sorted(using) == sorted(refused.json["webhooks"])
    assert all(webhook_id in refused.json["detail"] for webhook_id in using)
    assert api.get(vip).json["deleted_at"] is None
    assert 200 == delete(api, vip, force="true").status


def test_no_webhook_is_given_a_deleted_transform_and_one_that_has_it_may_change(
    api: ApiClient, vip: str
) -> None:
    """Whoever cleans up behind a deletion by force must not be kept from it."""
    using = a_transform(api, "vip")
    delete(api, vip, force="true")

    refused = api.post("/v1/webhooks", {**WEBHOOK, "transform": "vip"})
    renamed = api.call("PATCH", f"/v1/webhooks/{using['id']}", {"name": "renamed"})
    freed = api.call("PATCH", f"/v1/webhooks/{using['id']}", {"transform": None})

    assert (409, "function_deleted") == (refused.status, refused.json["code"])
    assert (200, 200) == (renamed.status, freed.status)
    back = api.call("PATCH", f"/v1/webhooks/{using['id']}", {"transform": "vip"})
    assert (409, "function_deleted") == (back.status, back.json["code"])


def test_of_two_who_change_a_function_at_once_one_is_told_to_read_again(
    api: ApiClient, vip: str
) -> None:
    """Whoever comes second has not seen what the first one did."""
    store = api.application.functions.store
    read = store.get(api.tenant, "vip")
    delete(api, vip)
    deletions = Deletions(config=store.config)

    with pytest.raises(Conflict) as refusal:
        deletions.delete(read, life.deleted(read, now="2026-11-20T13:04:05.123Z"))

    assert "function_changed" == refusal.value.code
    assert 1 == len(purges(api))


def test_what_is_purged_is_gone_and_its_name_is_free(api: ApiClient, vip: str) -> None:
    """The secret too; another function begins anew under the name."""
    for number in range(3):
        api.post(f"{vip}/versions", {"source": SOURCE + "#" * number})
    deleted = delete(api, vip).json

    purge_all(api, at=deleted["deleted_at"])
    assert deleted == shown(api, vip)
    purge_all(api, at=deleted["purged_at"])

    is_refused(api.get(vip), "function_not_found")
    is_refused(api.post(f"{vip}/restore"), "function_not_found")
    assert [] == purges(api)
    assert 201 == api.post("/v1/functions", {"name": "vip"}).status
    assert 1 == api.post(f"{vip}/versions", {"source": SOURCE}).json["version"]


def test_a_function_that_is_being_removed_is_not_restored(api: ApiClient, vip: str) -> None:
    """It may lack the version that it would run."""
    delete(api, vip)
    store = api.application.functions.store
    stored = store.get(api.tenant, "vip")
    store.replace(stored, replace(stored, purging=True))

    refused = api.post(f"{vip}/restore")

    assert (409, "function_deleted") == (refused.status, refused.json["code"])
    assert "being removed" in refused.json["detail"]


def purge_all(api: ApiClient, *, at: str) -> None:
    """Let the sweeps of this instant purge what is due, of other tenants too."""
    store = Functions(config=api.application.functions.store.config)
    sweep = PurgeFunctions(
        functions=store, deletions=Deletions(config=store.config), clock=lambda: moment(at)
    )
    while sweep():
        pass


def purges(api: ApiClient) -> list[str]:
    """The names of this tenant's functions that are listed to be purged some day."""
    far = timestamp(moment("2999-01-01T00:00:00Z"))
    deletions = Deletions(config=api.application.functions.store.config)
    due = deletions.due(now=far, limit=100)
    return [each.function for each in due if each.tenant == api.tenant]
