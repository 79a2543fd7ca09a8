"""Functions over the API: settings, versions, publishing, secrets."""

from typing import Any

import pytest

from runtime.core.functions.function import MAX_SOURCE_BYTES, Engine
from tests.api_client import ApiClient
from tests.builders import a_run

SOURCE = "def handler(event):\n    return event['id']\n"


@pytest.fixture
def vip(api: ApiClient) -> str:
    """The path of a function without code."""
    api.post("/v1/functions", {"name": "vip", "secrets": ["TOKEN"], "limits": {"wall_s": 1}})
    return "/v1/functions/vip"


def test_a_version_runs_only_once_it_is_published(api: ApiClient, vip: str) -> None:
    """Pushing is safe at any hour."""
    pushed = api.post(f"{vip}/versions", {"source": SOURCE})

    assert (201, 1) == (pushed.status, pushed.json["version"])
    assert (1, None) == live(api, vip)
    assert 200 == api.post(f"{vip}/publish", {"version": 1}).status
    assert (1, 1) == live(api, vip)


def test_an_older_version_is_the_way_back(api: ApiClient, vip: str) -> None:
    """Versions never change, so what ran yesterday runs again."""
    for number in (1, 2):
        api.post(f"{vip}/versions", {"source": f"{SOURCE}\n# {number}\n"})

    assert 2 == api.post(f"{vip}/publish").json["live_version"]
    assert 1 == api.post(f"{vip}/publish", {"version": 1}).json["live_version"]
    assert 3 == api.post(f"{vip}/versions", {"source": SOURCE}).json["version"]


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [(7, 404, "version_not_found"), (0, 422, "bad_field"), (None, 409, "no_version")],
)
def test_what_was_never_pushed_cannot_be_published(
    api: ApiClient, vip: str, version: int | None, status: int, code: str
) -> None:
    """A live version that does not exist would refuse every event."""
    answer = api.post(f"{vip}/publish", {"version": version})

    assert (status, code) == (answer.status, answer.json["code"])
    assert (0, None) == live(api, vip)


def test_refused_source_comes_back_with_every_finding_and_is_not_stored(
    api: ApiClient, vip: str
) -> None:
    """Mending one line a round trip is no way to work."""
    answer = api.post(f"{vip}/versions", {"source": "forbidden\nfine\nforbidden\n"})

    assert (422, "source_refused") == (answer.status, answer.json["code"])
    assert [1, 3] == [finding["line"] for finding in answer.json["findings"]]
    assert (0, None) == live(api, vip)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "source_empty"),
        (" \n\t", "source_empty"),
        ("a\0b", "source_not_utf8"),
        ("#" * (MAX_SOURCE_BYTES + 1), "source_too_large"),
        ("é" * (MAX_SOURCE_BYTES // 2 + 1), "source_too_large"),
    ],
)
def test_source_out_of_bounds_never_reaches_the_sandbox(
    api: ApiClient, vip: str, source: str, code: str
) -> None:
    """The limit is in bytes, as it is stored and shipped."""
    answer = api.post(f"{vip}/versions", {"source": source})

    assert (422, code, "source") == (answer.status, answer.json["code"], answer.json["field"])


def test_source_of_exactly_the_limit_is_taken(api: ApiClient, vip: str) -> None:
    """A limit is part of what it allows."""
    assert 201 == api.post(f"{vip}/versions", {"source": "#" * MAX_SOURCE_BYTES}).status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_function_may_name_this_machine_as_a_host(api: ApiClient, host: str) -> None:
    """A secret is sent to hosts by name only, and a developer's own receiver may need one."""
    made = api.post("/v1/functions", {"name": "vip", "http_hosts": [host]})

    assert (201, [host]) == (made.status, made.json["http_hosts"])


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        ({"name": "Vip"}, "bad_name", "name"),
        ({"name": "vip/../x"}, "bad_name", "name"),
        ({"name": "a" * 64}, "bad_name", "name"),
        ({"topics": ["metric"]}, "unknown_topic", "topics"),
        ({"filter": {"topic": []}}, "bad_filter", None),
        ({"http_hosts": ["https://crm.example.com"]}, "bad_host", "http_hosts"),
        ({"http_hosts": ["169.254.169.254"]}, "bad_host", "http_hosts"),
        ({"http_hosts": ["CRM.example.com"]}, "bad_host", "http_hosts"),
        ({"http_hosts": ["a.example"] * 51}, "too_many_hosts", "http_hosts"),
        ({"environment": {"A B": "1"}}, "bad_environment_name", "environment"),
        ({"environment": {"": "1"}}, "bad_environment_name", "environment"),
        ({"environment": {"A": "x\0y"}}, "bad_environment_name", "environment"),
        ({"environment": {"A": "x" * 4096}}, "environment_too_large", "environment"),
        ({"environment": {"A": 1}}, "bad_field", "environment.A"),
        ({"secrets": ["token"]}, "bad_secret_name", "secrets"),
        ({"secrets": [f"S{n}" for n in range(51)]}, "too_many_secrets", "secrets"),
        ({"limits": {"wall_s": 16}}, "bad_limit", "limits.wall_s"),
        ({"limits": {"wall_s": 0}}, "bad_limit", "limits.wall_s"),
        ({"limits": {"memory_mb": 129}}, "bad_limit", "limits.memory_mb"),
        ({"limits": {"emits": -1}}, "bad_limit", "limits.emits"),
        ({"limits": {"cpu": 1}}, "unknown_field", "limits.cpu"),
        ({"engine": "v8"}, "bad_engine", "engine"),
        ({"engine": 1}, "bad_field", "engine"),
        ({"latest_version": 9}, "unknown_field", "latest_version"),
    ],
)
def test_a_bad_setting_is_refused_by_field(
    api: ApiClient, settings: dict[str, Any], code: str, field: str | None
) -> None:
    """Settings that could never work are refused before the first event."""
    answer = api.post("/v1/functions", {"name": "vip"} | settings)

    assert (422, code) == (answer.status, answer.json["code"])
    assert field is None or field == answer.json["field"]
    assert 404 == api.get("/v1/functions/vip").status


def test_hints_come_with_the_version_that_they_are_about(api: ApiClient, vip: str) -> None:
    """They refuse nothing; whoever pushes is told all the same."""
    pushed = api.post(f"{vip}/versions", {"source": "fine\nunwise\n"})

    [hint] = pushed.json["findings"]
    assert (201, 1) == (pushed.status, pushed.json["version"])
    assert {"line": 2, "column": 0, "code": "refused", "message": "no", "hint": "do not"} == {
        name: hint[name] for name in hint if name != "severity"
    }
    assert "hint" == hint["severity"]


def test_refused_source_comes_back_with_its_hints_too(api: ApiClient, vip: str) -> None:
    """The first sentence is about what refuses it, whatever stands before that."""
    answer = api.post(f"{vip}/versions", {"source": "unwise\nforbidden\n"}).json

    assert [(1, "hint"), (2, "error")] == [
        (finding["line"], finding["severity"]) for finding in answer["findings"]
    ]
    assert "line 2" in answer["detail"]


def test_a_function_chooses_the_engine_of_its_next_versions(api: ApiClient, vip: str) -> None:
    """A version that is live does not change under its events."""
    first = api.post(f"{vip}/versions", {"source": SOURCE}).json
    chosen = api.call("PATCH", vip, {"engine": "restricted"}).json
    second = api.post(f"{vip}/versions", {"source": SOURCE}).json
    api.call("PATCH", vip, {"topics": ["metric.x"]})
    kept = api.get(vip).json["engine"]
    unset = api.call("PATCH", vip, {"engine": None}).json

    assert ("wasm", "restricted") == (first["engine"], second["engine"])
    assert ("restricted", "restricted", None) == (chosen["engine"], kept, unset["engine"])
    stored = api.application.functions.store.get_version(api.tenant, "vip", version=1)
    assert Engine.WASM is stored.engine


def test_a_function_is_created_with_its_engine_or_without(api: ApiClient, vip: str) -> None:
    """Without is a choice too: what the installation is set to."""
    made = api.post("/v1/functions", {"name": "quick", "engine": "restricted"})

    assert (201, "restricted") == (made.status, made.json["engine"])
    assert api.get(vip).json["engine"] is None


def test_a_run_says_what_ran_it(api: ApiClient, vip: str) -> None:
    """And what was recorded before there was a choice says nothing."""
    for number, changes in enumerate(({}, {"engine": None, "isolation": None})):
        run = a_run(id=f"run_{number}", tenant=api.tenant, function="vip", **changes)
        api.cloud.runs.commit(run)

    shown = [api.get(f"{vip}/runs/run_{number}").json for number in range(2)]

    assert [("restricted", "seccomp"), (None, None)] == [
        (run["engine"], run["isolation"]) for run in shown
    ]
    assert {"restricted", None} == {run["engine"] for run in api.get(f"{vip}/runs").json["data"]}


def test_a_name_is_taken_once(api: ApiClient, vip: str) -> None:
    """Creating again must not reset what is live."""
    answer = api.post("/v1/functions", {"name": "vip"})

    assert (409, "function_exists") == (answer.status, answer.json["code"])
    assert {"TOKEN": False} == api.get(vip).json["secrets"]


def test_a_secret_goes_in_and_never_comes_out(api: ApiClient, vip: str) -> None:
    """Neither its value nor its ciphertext is anybody's business."""
    put = api.call("PUT", f"{vip}/secrets/TOKEN", {"value": "hunter2hunter2"})

    assert (204, "") == (put.status, put.text)
    shown = api.get(vip)
    assert {"TOKEN": True} == shown.json["secrets"]
    stored = api.application.functions.store.get(api.tenant, "vip").secrets["TOKEN"].sealed
    assert stored is not None
    assert stored not in shown.text
    assert "hunter2" not in stored


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("token", "x", "bad_secret_name"),
        ("TOKEN", "", "secret_empty"),
        ("TOKEN", " " * 16, "secret_empty"),
        ("TOKEN", "\n\n", "secret_empty"),
        ("TOKEN", "hunter2hunter2 ", "secret_blanks"),
        ("TOKEN", "\thunter2hunter2", "secret_blanks"),
        ("TOKEN", "hunter2hunter2\r\n", "secret_blanks"),
        ("TOKEN", "x" * 3073, "secret_too_large"),
    ],
)
def test_a_bad_secret_is_refused_without_repeating_it(
    api: ApiClient, vip: str, name: str, value: str, code: str
) -> None:
    """An error is a log line."""
    answer = api.call("PUT", f"{vip}/secrets/{name}", {"value": value})

    assert (422, code) == (answer.status, answer.json["code"])
    assert not value.strip() or value.strip() not in answer.json["detail"].split()


def test_a_secret_of_several_lines_ends_as_its_file_does(api: ApiClient, vip: str) -> None:
    """A private key in PEM has a line break at its end, and some readers want it."""
    pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

    assert 204 == api.call("PUT", f"{vip}/secrets/KEY", {"value": pem}).status
    stored = api.application.functions.store.get(api.tenant, "vip").secrets["KEY"].sealed
    assert stored is not None
    assert pem == api.application.tenancy.answer_once.unseal(api.tenant, stored)


def test_settings_change_without_touching_code_or_secrets(api: ApiClient, vip: str) -> None:
    """A push with new topics must not forget a token."""
    api.post(f"{vip}/versions", {"source": SOURCE})
    api.post(f"{vip}/publish")
    api.call("PUT", f"{vip}/secrets/TOKEN", {"value": "x"})

    changed = api.call("PATCH", vip, {"topics": ["event:api.placed_order"]}).json

    assert ["metric.placed_order"] == changed["topics"]
    assert {"TOKEN": True} == changed["secrets"]
    assert (1, 1, 1.0) == (
        changed["live_version"],
        changed["latest_version"],
        changed["limits"]["wall_s"],
    )


def test_a_secret_no_longer_declared_is_forgotten(api: ApiClient, vip: str) -> None:
    """Declaring it again must not bring an old value back."""
    api.call("PUT", f"{vip}/secrets/TOKEN", {"value": "x"})
    api.call("PATCH", vip, {"secrets": []})

    assert {"TOKEN": False} == api.call("PATCH", vip, {"secrets": ["TOKEN"]}).json["secrets"]


def live(api: ApiClient, path: str) -> tuple[int, int | None]:
    """The latest version and the live one."""
    shown = api.get(path).json
    return shown["latest_version"], shown["live_version"]
