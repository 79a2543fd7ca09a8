"""Webhooks over the API: what is refused and why, what is kept, what is shown once."""

import json
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from functions import api as api_function
from runtime import settings
from runtime.core.deliveries import messages
from runtime.wiring.api import build
from tests.api_client import ApiClient, look_up

URL = "https://hooks.example.com/penstock"
LONG_LABEL = "a" * 64


def wanted(**changes: Any) -> dict[str, Any]:
    """A webhook that is accepted."""
    return {"name": "orders", "url": URL, "topics": ["metric.placed_order"]} | changes


def test_a_secret_is_shown_once_and_fits_the_receivers_own_library(api: ApiClient) -> None:
    """Receivers verify with libraries that we did not write."""
    made = api.post("/v1/webhooks", wanted())

    assert 201 == made.status
    Verifier(made.json["secret"])
    shown = api.get(f"/v1/webhooks/{made.json['id']}").json
    assert {k: v for k, v in made.json.items() if k != "secret"} == shown
    assert made.json["secret"] not in api.get("/v1/webhooks").text


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.com/", "url_not_https"),
        ("ftp://hooks.example.com/", "url_not_https"),
        ("https://93.184.216.34/", "url_ip_literal"),
        ("https://127.0.0.1/", "url_ip_literal"),
        ("https://[::1]/", "url_ip_literal"),
        ("https://2130706433/", "url_ip_literal"),
        ("https://0x7f.1/", "url_ip_literal"),
        ("https://user:password@hooks.example.com/", "url_userinfo"),
        ("https://hooks.example.com:8443/", "url_port"),
        ("https://hooks.example.com:0/", "url_port"),
        ("https://hooks.example.com\\@evil.example/", "url_invalid"),
        (f"https://{LONG_LABEL}.example.com/", "url_invalid"),
        ("https:///path", "url_invalid"),
        ("", "url_invalid"),
        (f"https://hooks.example.com/{'a' * 3000}", "url_invalid"),
    ],
)
def test_a_url_that_could_never_be_delivered_to_is_refused_at_once(
    api: ApiClient, url: str, code: str
) -> None:
    """At the first event it would be a riddle; here it is a sentence."""
    answer = api.post("/v1/webhooks", wanted(url=url))

    assert (422, code, "url") == (answer.status, answer.json["code"], answer.json["field"])
    assert [] == api.get("/v1/webhooks").json["data"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": ""}, "bad_name", "name"),
        ({"name": "x" * 129}, "bad_name", "name"),
        ({"name": 7}, "bad_field", "name"),
        ({"topics": []}, "no_topics", "topics"),
        ({"topics": ["message.email.clickd"]}, "unknown_topic", "topics"),
        ({"topics": "metric.x"}, "bad_field", "topics"),
        ({"timeout_s": 0}, "bad_timeout", "timeout_s"),
        ({"timeout_s": 31}, "bad_timeout", "timeout_s"),
        ({"timeout_s": "10"}, "bad_field", "timeout_s"),
        ({"timeout_s": True}, "bad_field", "timeout_s"),
        ({"retry_schedule_s": [0]}, "bad_schedule", "retry_schedule_s"),
        ({"retry_schedule_s": [86_401]}, "bad_schedule", "retry_schedule_s"),
        ({"retry_schedule_s": [1] * 21}, "bad_schedule", "retry_schedule_s"),
        ({"format": "xml"}, "bad_field", "format"),
        ({"handshake": True}, "bad_handshake", "handshake"),
        ({"format": "klaviyo", "ed25519": True}, "bad_ed25519", "ed25519"),
        ({"format": "klaviyo", "secret": "too-short"}, "bad_secret", "secret"),
        ({"transform": "nowhere"}, "unknown_function", "transform"),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_a_bad_setting_is_refused_by_field(
    api: ApiClient, changes: dict[str, Any], code: str, field: str
) -> None:
    """The caller should not have to guess which of ten settings it was."""
    answer = api.post("/v1/webhooks", wanted(**changes))

    assert (422, code, field) == (answer.status, answer.json["code"], answer.json["field"])


def test_an_admin_may_add_a_port(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some receivers listen on 8443; it is the installation that says so, not the tenant."""
    monkeypatch.setenv("PENSTOCK_EXTRA_PORTS", "8443")
    wider = build(settings.load(), look_up=look_up)
    monkeypatch.setattr(api_function, "_application", lambda: wider)

    made = api.post("/v1/webhooks", wanted(url="https://hooks.example.com:8443/"))
    refused = api.post("/v1/webhooks", wanted(url="https://hooks.example.com:9443/"))

    assert (201, 422) == (made.status, refused.status)
    assert ("url_port", True) == (refused.json["code"], "443, 8443" in refused.json["detail"])


@pytest.mark.parametrize("url", ["http://localhost:9000/hooks", "http://127.0.0.1:9000/hooks"])
def test_a_receiver_on_this_machine_is_taken_in_a_local_cloud_only(
    api: ApiClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer's receiver has no certificate; in AWS, loopback is Lambda's own machine."""
    monkeypatch.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
    local = build(settings.load(), look_up=look_up)

    in_aws = api.post("/v1/webhooks", wanted(url=url))
    monkeypatch.setattr(api_function, "_application", lambda: local)
    on_a_laptop = api.post("/v1/webhooks", wanted(url=url))

    assert (422, "url_not_https") == (in_aws.status, in_aws.json["code"])
    assert (201, url) == (on_a_laptop.status, on_a_laptop.json["url"])


def test_a_klaviyo_receiver_keeps_the_secret_it_has(api: ApiClient) -> None:
    """And gets one of ours, used as it stands, if it brings none."""
    made = api.post("/v1/webhooks", wanted(format="klaviyo", secret="klaviyo-test-secret"))
    ours = api.post("/v1/webhooks", wanted(format="klaviyo"))

    assert (201, "klaviyo", None) == (made.status, made.json["format"], made.json["secret"])
    assert ours.json["secret"].startswith("whsec_")
    path = f"/v1/webhooks/{made.json['id']}"
    assert "bad_ed25519" == api.post(f"{path}/rotate-secret", {"kind": "ed25519"}).json["code"]
    assert "unknown_field" == api.call("PATCH", path, {"format": "standard"}).json["code"]


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("inside.example.com", 422, "blocked_address"),
        ("no-such-name.invalid", 422, "dns_failure"),
        ("slow.example.com", 503, "dns_timeout"),
    ],
)
def test_a_url_is_resolved_before_it_is_stored(
    api: ApiClient, host: str, status: int, code: str
) -> None:
    """A mistyped name is heard of when it is entered, not when the first event is lost."""
    made = api.post("/v1/webhooks", wanted()).json
    path = f"/v1/webhooks/{made['id']}"

    new = api.post("/v1/webhooks", wanted(url=f"https://{host}/"))
    changed = api.call("PATCH", path, {"url": f"https://{host}/"})

    assert (status, code) == (new.status, new.json["code"])
    assert (status, code) == (changed.status, changed.json["code"])
    assert URL == api.get(path).json["url"]
    assert 1 == len(api.get("/v1/webhooks").json["data"])


def test_a_slow_name_server_says_to_try_again(api: ApiClient) -> None:
    """Nothing is wrong with the URL, so nothing is refused for good."""
    answer = api.post("/v1/webhooks", wanted(url="https://slow.example.com/"))

    assert answer.json["detail"].endswith("try again")
    assert "retry-after" in answer.headers


def test_a_receiver_is_asked_once_for_each_url(api: ApiClient) -> None:
    """At creation and when the URL changes; a rename does not bother it."""
    asked: list[str] = []
    webhooks = api.application.webhooks
    rules = replace(webhooks.create.rules, ask_receiver=asked.append)
    mine = replace(
        api.application,
        webhooks=replace(
            webhooks,
            create=replace(webhooks.create, rules=rules),
            update=replace(webhooks.update, rules=rules),
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_function, "_application", lambda: mine)
        made = api.post("/v1/webhooks", wanted(format="cloudevents", handshake=True)).json
        for changes in ({"name": "renamed"}, {"url": f"{URL}/2"}, {"handshake": False}):
            assert 200 == api.call("PATCH", f"/v1/webhooks/{made['id']}", changes).status
        api.post("/v1/webhooks", wanted(format="cloudevents"))

    assert [URL, f"{URL}/2"] == asked


def test_a_filter_that_aws_would_refuse_is_refused_with_its_reason(api: ApiClient) -> None:
    """A filter that silently matches nothing loses events."""
    answer = api.post("/v1/webhooks", wanted(filter={"topic": "not-a-list"}))

    assert (422, "bad_filter") == (answer.status, answer.json["code"])


def test_every_bad_field_is_named_and_not_only_the_first(api: ApiClient) -> None:
    """One round trip should be enough to mend a body."""
    answer = api.post("/v1/webhooks", {"name": 7, "colour": "red"})

    named = {error["field"]: error["code"] for error in answer.json["errors"]}
    expected = {"name": "bad_field", "url": "missing_field", "topics": "missing_field"}
    assert expected | {"colour": "unknown_field"} == named


def test_a_change_leaves_what_it_does_not_name(api: ApiClient) -> None:
    """PATCH that resets a filter would flood a receiver."""
    made = api.post("/v1/webhooks", wanted(filter={"topic": ["metric.placed_order"]})).json
    path = f"/v1/webhooks/{made['id']}"

    changed = api.call("PATCH", path, {"enabled": False, "topics": ["metric.*"]})

    expected = {k: v for k, v in made.items() if k != "secret"}
    switched = {"disabled_reason": "paused", "switched_at": changed.json["switched_at"]}
    switched["etag"] = changed.json["etag"]
    assert expected | {"enabled": False, "topics": ["metric.*"]} | switched == changed.json
    assert changed.json == api.get(path).json
    assert None is api.call("PATCH", path, {"filter": None}).json["filter"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "http://hooks.example.com/"}, "url_not_https"),
        ({"topics": []}, "no_topics"),
        ({"name": None}, "bad_field"),
        ({"id": "whk_other"}, "unknown_field"),
        ({"tenant": "globex"}, "unknown_field"),
        ({"secret": "whsec_mine"}, "unknown_field"),
    ],
)
def test_a_bad_change_changes_nothing(api: ApiClient, changes: dict[str, Any], code: str) -> None:
    """A change is checked like a new webhook, and never half made."""
    made = api.post("/v1/webhooks", wanted()).json
    path = f"/v1/webhooks/{made['id']}"
    before = api.get(path).json

    answer = api.call("PATCH", path, changes)

    assert (422, code) == (answer.status, answer.json["code"])
    assert before == api.get(path).json


def test_a_deleted_webhook_is_gone(api: ApiClient) -> None:
    """Deleting twice is an error that says so."""
    made = api.post("/v1/webhooks", wanted()).json
    path = f"/v1/webhooks/{made['id']}"

    assert (204, "") == ((gone := api.call("DELETE", path)).status, gone.text)
    assert 404 == api.get(path).status
    assert "webhook_not_found" == api.call("DELETE", path).json["code"]


def notices(api: ApiClient) -> set[tuple[str, str]]:
    """Topics and ids of the events about webhooks; each change is told of by another one, too."""
    landed = [json.loads(each["Body"]) for each in api.cloud.received("landed")]
    named = {(each["detail-type"], each["detail"]["id"]) for each in landed}
    return {each for each in named if each[0].startswith("webhook.")}


def test_switching_off_and_on_is_told_once_each(api: ApiClient) -> None:
    """As events that the tenant can subscribe to; switching twice is switching once."""
    hook = f"/v1/webhooks/{api.post('/v1/webhooks', wanted()).json['id']}"
    api.cloud.received("landed")

    off = [api.post(f"{hook}/disable").json for _ in range(2)]
    on = [api.post(f"{hook}/enable").json for _ in range(2)]

    assert (False, "paused") == (off[0]["enabled"], off[0]["disabled_reason"])
    assert (True, None) == (on[0]["enabled"], on[0]["disabled_reason"])
    assert (off[0], on[0]) == (off[1], on[1])
    assert ["webhook.disabled", "webhook.enabled"] == sorted(topic for topic, _ in notices(api))


def test_a_change_that_switches_is_told_too(api: ApiClient) -> None:
    """PATCH is the same switch."""
    made = api.post("/v1/webhooks", wanted()).json
    api.cloud.received("landed")

    changed = api.call("PATCH", f"/v1/webhooks/{made['id']}", {"enabled": False}).json

    assert (False, "paused") == (changed["enabled"], changed["disabled_reason"])
    assert changed["switched_at"]
    assert ["webhook.disabled"] == [topic for topic, _ in notices(api)]


def test_limits_are_kept_changed_and_lifted(api: ApiClient) -> None:
    """By the same names that they are shown under."""
    rate = {"count": 10, "per": "second"}
    made = api.post("/v1/webhooks", wanted(rate_limit=rate, max_concurrency=3)).json
    path = f"/v1/webhooks/{made['id']}"

    slower = api.call("PATCH", path, {"rate_limit": {"count": 600, "per": "hour"}}).json
    lifted = api.call("PATCH", path, {"rate_limit": None, "max_concurrency": None}).json

    assert (rate, 3) == (made["rate_limit"], made["max_concurrency"])
    assert ({"count": 600, "per": "hour"}, 3) == (slower["rate_limit"], slower["max_concurrency"])
    assert (None, None) == (lifted["rate_limit"], lifted["max_concurrency"])
    assert lifted == api.get(path).json


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rate_limit": {"count": 0, "per": "second"}}, "bad_rate_limit"),
        ({"rate_limit": {"count": 1, "per": "fortnight"}}, "bad_field"),
        ({"max_concurrency": 0}, "bad_max_concurrency"),
    ],
)
def test_a_limit_that_lets_nothing_through_is_refused(
    api: ApiClient, changes: dict[str, Any], code: str
) -> None:
    """Who wants nothing disables the webhook."""
    answer = api.post("/v1/webhooks", wanted(**changes))

    assert 422 == answer.status
    assert code in {answer.json["code"], *(e["code"] for e in answer.json.get("errors", []))}


def test_a_test_is_a_delivery_to_that_webhook_alone(api: ApiClient) -> None:
    """Whoever sets up a receiver should not have to wait for a customer to buy something."""
    api = api.newcomer()
    pattern = {"topic": ["metric.placed_order"]}
    hook = f"/v1/webhooks/{api.post('/v1/webhooks', wanted(filter=pattern)).json['id']}"
    api.cloud.received("deliver")

    first, second = (api.post(f"{hook}/test") for _ in range(2))

    made = first.json
    assert (202, "pending", "webhook.test") == (first.status, made["status"], made["topic"])
    assert "webhook.test" == json.loads(made["body"])["type"]
    assert made["id"] != second.json["id"]
    assert made == api.get(f"/v1/deliveries/{made['id']}").json
    hints = [messages.parse_deliver(each["Body"]) for each in api.cloud.received("deliver")]
    assert {(made["id"], 1), (second.json["id"], 1)} == {(h.delivery_id, h.attempt) for h in hints}
    assert 404 == api.newcomer().post(f"{hook}/test").status
    assert 403 == api.with_scopes("deliveries:write").post(f"{hook}/test").status
    api.post(f"{hook}/disable")
    refused = api.post(f"{hook}/test")
    assert (409, "webhook_disabled") == (refused.status, refused.json["code"])


@pytest.mark.parametrize("topic", ["webhook.*", "webhook.failing", "webhook.recovered"])
def test_what_happens_to_webhooks_can_be_subscribed_to(api: ApiClient, topic: str) -> None:
    """And is in the catalogue; a typo there would be a notice that nobody gets."""
    known = [each["topic"] for each in api.get("/v1/topics").json["data"]]

    assert 201 == api.post("/v1/webhooks", wanted(topics=[topic])).status
    assert {"webhook.disabled", "webhook.enabled", "webhook.failing", "webhook.recovered"} < set(
        known
    )
    typo = api.post("/v1/webhooks", wanted(topics=["webhook.disbled"])).json
    assert "unknown_topic" == typo["code"]
    assert "webhook.disabled" in typo["detail"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"retry_schedule_s": [0]}, "bad_schedule"),
        ({"timeout_s": 31}, "bad_timeout"),
        ({"filter": {"topic": "not-a-list"}}, "bad_filter"),
        ({"transform": "nowhere"}, "unknown_function"),
        ({"topics": ["message.email.clickd"]}, "unknown_topic"),
        ({"rate_limit": {"count": 0, "per": "hour"}}, "bad_rate_limit"),
        ({"max_concurrency": 1001}, "bad_max_concurrency"),
        ({"headers": {"Webhook-Id": "x"}}, "header_reserved"),
    ],
)
def test_a_change_is_checked_by_the_same_rules(
    api: ApiClient, changes: dict[str, Any], code: str
) -> None:
    """Else a webhook could become what it could not be made as."""
    hook = f"/v1/webhooks/{api.post('/v1/webhooks', wanted()).json['id']}"

    assert code == api.call("PATCH", hook, changes).json["code"]
    assert code == api.post("/v1/webhooks", wanted(**changes)).json["code"]
