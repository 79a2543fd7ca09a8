"""What every command does alike, and those that only pass on what the API says."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.webhooks import signing
from tests.builders import a_delivery, an_event
from tests.unit.cli.conftest import Command

CREATE = (
    *("webhooks", "create", "--name", "orders", "--topic", "metric.x"),
    *("--url", "https://hooks.example.com/"),
)


def test_events_are_sent_from_json_lines_and_standard_input(penstock: Command) -> None:
    """Whatever an export looks like, it can be piped in."""
    event = {"topic": "metric.x"}
    lines = "\n".join([json.dumps(event)] * 250)

    assert 250 == len(penstock("events", "send", "-", "--json", stdin=lines).json["accepted"])
    for text in (json.dumps(event), json.dumps([event]), json.dumps({"events": [event]})):
        file = penstock.write("events.json", text)
        assert 1 == len(penstock("events", "send", file, "--json").json["accepted"])


def test_rejected_events_are_named_by_their_place_in_the_file(penstock: Command) -> None:
    """Number 120 of the file, not number 20 of some request."""
    events: list[dict[str, Any]] = [{"topic": "metric.x"} for _ in range(150)]
    events[120] = {"topic": "Nonsense"}

    sent = penstock("events", "send", "-", "--json", stdin=json.dumps(events))

    assert (1, "events_rejected") == (sent.code, sent.json["error"]["code"])
    assert [120] == [no["index"] for no in sent.json["error"]["rejected"]]
    assert 149 == len(sent.json["error"]["accepted"])


def test_a_batch_that_is_rejected_as_a_whole_stops_no_other(penstock: Command) -> None:
    """The API refuses such a request; the file's other events are sent all the same."""
    events = [{"topic": "Nonsense"}] * 100 + [{"topic": "metric.x"}]

    sent = penstock("events", "send", "-", "--json", stdin=json.dumps(events))

    assert (1, "events_rejected") == (sent.code, sent.json["error"]["code"])
    assert list(range(100)) == [no["index"] for no in sent.json["error"]["rejected"]]
    assert 1 == len(sent.json["error"]["accepted"])


def test_events_are_listed_and_shown(penstock: Command) -> None:
    """Whatever characters are in the id."""
    penstock.api.cloud.events.put(
        an_event(id=name, tenant=penstock.api.tenant, topic=f"metric.{topic}")
        for name, topic in (("order/7?x#y", "a"), ("evt_2", "b"))
    )

    shown = penstock("events", "show", "order/7?x#y")
    listed = penstock("events", "list", "--topic", "metric.a", "--since", "2020-01-01T00:00:00Z")
    unknown = penstock("events", "show", "evt_unknown", "--json")

    assert (0, True) == (shown.code, "metric.a" in shown.out)
    assert ["id", "order/7?x#y"] == [line.split()[0] for line in listed.out.splitlines()]
    assert (1, "event_not_found") == (unknown.code, unknown.json["error"]["code"])
    assert 2 == penstock("events", "list", "--since", "yesterday").code


@pytest.mark.parametrize(
    ("text", "code"), [("{", "not_json"), ('{"a": 1}\n{', "not_json"), ("\udcff", "not_utf8")]
)
def test_a_file_that_cannot_be_read_is_wrong_usage(penstock: Command, text: str, code: str) -> None:
    """2 says: look at the call; 1 says: look at the world."""
    sent = penstock("events", "send", "-", "--json", stdin=text)

    assert (2, code) == (sent.code, sent.json["error"]["code"])


def test_a_webhook_is_made_shown_switched_and_deleted(penstock: Command) -> None:
    """The whole life of a webhook without leaving the terminal."""
    pattern = penstock.write("filter.json", '{"properties": {"value": [{"numeric": [">", 5]}]}}')
    made = penstock(*CREATE, "--filter", pattern, "--retry", "1", "--retry", "9", "--json").json

    assert made["secret"].startswith("whsec_")
    assert ([1, 9], "properties") == (made["retry_schedule_s"], *made["filter"])
    assert "orders" in penstock("webhooks", "list").out
    assert made["secret"] not in penstock("webhooks", "show", made["id"], "--json").out
    assert not penstock("webhooks", "disable", made["id"], "--json").json["enabled"]
    assert penstock("webhooks", "enable", made["id"], "--json").json["enabled"]
    assert 0 == penstock("webhooks", "delete", made["id"]).code
    assert {"data": []} == penstock("webhooks", "list", "--json").json


def test_an_id_leads_to_nothing_but_what_has_it(penstock: Command) -> None:
    """What stands behind a `?` or a `/` was left out, and the rest was deleted."""
    made = penstock(*CREATE, "--json").json["id"]

    for wrong in (f"{made}?x", f"{made}#x", f"x/../{made}", f"./{made}", "..", ".", f"{made}/"):
        refused = penstock("webhooks", "delete", wrong, "--json")
        assert (1, "webhook_not_found") == (refused.code, refused.json["error"]["code"]), wrong
    empty = penstock("webhooks", "delete", "", "--json")

    assert (2, "empty_name") == (empty.code, empty.json["error"]["code"])
    assert [made] == [each["id"] for each in penstock("webhooks", "list", "--json").json["data"]]


def test_a_secret_is_rotated_and_ones_own_is_never_an_argument(penstock: Command) -> None:
    """What stands in a command line stands in every process list and shell history."""
    own = signing.new_secret(bytes(range(24)))
    made = penstock(*CREATE, "--own-secret", "--ed25519", "--json", stdin=f"{own}\n").json
    rotate = ("webhooks", "rotate-secret", made["id"], "--json")

    rotated = penstock(*rotate, "--overlap-s", "0").json
    key = penstock(*rotate, "--ed25519").json

    assert made["secret"] is None
    assert rotated["secret"].startswith("whsec_")
    assert ["hmac", "ed25519"] == [each["kind"] for each in rotated["signing_keys"]]
    assert key["secret"] is None
    assert key["signing_keys"][0]["public_key"].startswith("whpk_")
    assert penstock(*rotate, "--own-secret", stdin=own).json["secret"] is None
    assert (1, "bad_secret") == (
        (bad := penstock(*rotate, "--own-secret", stdin="short")).code,
        bad.json["error"]["code"],
    )


def test_what_an_endpoint_asks_for_is_read_from_files(penstock: Command) -> None:
    """A password in an argument is a password in every process list."""
    login = {"auth": {"kind": "bearer", "token": "s3cr3t-token"}}
    made = penstock(*CREATE, "--access", "-", "--json", stdin=json.dumps(login)).json
    change = ("webhooks", "access", made["id"], "--json")

    file = penstock.write("access.json", json.dumps({"headers": {"X-A": "1"}, "auth": None}))
    changed = penstock(*change, file).json

    assert ("bearer", []) == (made["auth_kind"], made["header_names"])
    assert (None, ["X-A"]) == (changed["auth_kind"], changed["header_names"])
    pem = penstock.write("client.pem", "no certificate")
    refused = penstock(*change, "--certificate", pem, "--private-key", pem)
    assert (1, "bad_certificate") == (refused.code, refused.json["error"]["code"])
    for wrong in ((), ("--certificate", pem), (penstock.write("x.json", '{"token": 1}'),)):
        assert (2, "bad_access") == (
            (ran := penstock(*change, *wrong)).code,
            ran.json["error"]["code"],
        )


def test_a_refusal_says_what_to_do_on_stderr_and_in_json(penstock: Command) -> None:
    """People read the sentence, scripts the code."""
    refused = penstock(*CREATE[:-1], "http://hooks.example.com/", "--json")

    assert 1 == refused.code
    error = refused.json["error"]
    assert ("url_not_https", "url", 422) == (error["code"], error["field"], error["status"])
    assert "https://" in refused.err


def test_deliveries_are_listed_and_shown_with_their_attempts(penstock: Command) -> None:
    """What became of an event is the first question anybody asks."""
    store = penstock.api.cloud.deliveries
    name = f"dlv_{penstock.api.tenant}"
    store.add(a_delivery(id=name, tenant=penstock.api.tenant))

    listed = penstock("deliveries", "list", "--webhook", "whk_1", "--status", "pending", "--json")
    shown = penstock("deliveries", "show", name)

    assert [name] == [each["id"] for each in listed.json["data"]]
    assert "503 Service Unavailable" in shown.out
    unknown = penstock("deliveries", "list", "--status", "lost", "--json")
    assert (1, "bad_field") == (unknown.code, unknown.json["error"]["code"])


def test_a_destination_of_ones_own_is_told_its_settings_by_a_file(penstock: Command) -> None:
    """A password among the arguments is seen by everybody on the machine."""
    lines = ['host = "db.example.com"', "port = 6543", 'database = "shop"', 'user = "u"']
    file = penstock.write("own.toml", "\n".join([*lines, 'password = "hunter2"']))
    options = ("--name", "own", "--kind", "postgresql", "--settings")
    made = penstock("syncs", "create", *options, file, "--json")

    assert ("6543", ["password"]) == (made.json["settings"]["port"], made.json["sealed_names"])
    assert "hunter2" not in made.out
    changes = penstock.write("changes.json", '{"user": "loader"}')
    changed = penstock("syncs", "update", made.json["id"], "--settings", changes, "--json")
    assert "loader" == changed.json["settings"]["user"]

    refused = penstock(
        "syncs", "create", *options, penstock.write("bad.toml", "password = hunter2"), "--json"
    )
    assert (2, "not_toml") == (refused.code, refused.json["error"]["code"])
    assert "hunter2" not in refused.out + refused.err


def test_a_sync_is_shown_renamed_paused_resumed_and_deleted(penstock: Command) -> None:
    """Whoever must stop a load at night has a terminal, and no console."""
    sync = penstock("syncs", "create", "--name", "lake", "--kind", "s3", "--json").json
    nothing = penstock("syncs", "backfill", sync["id"], "--since", "2026-11-20T00:00:00Z", "--json")
    assert "nothing_to_backfill" == nothing.json["error"]["code"]
    no_tables = penstock("syncs", "refresh", sync["id"], "--table", "events", "--json")
    assert "no_tables" == no_tables.json["error"]["code"]
    nightly = "daily at 03:30 Europe/Berlin"
    sync = penstock("syncs", "update", sync["id"], "--schedule", nightly, "--json").json
    assert nightly == sync["schedule"]
    assert 2 == penstock("syncs", "update", sync["id"]).code

    assert sync.items() <= penstock("syncs", "show", sync["id"], "--json").json.items()
    renamed = penstock("syncs", "update", sync["id"], "--name", "archive", "--json").json
    assert {**sync, "name": "archive", "etag": renamed["etag"]} == renamed
    assert f"{sync['id']} is paused" in penstock("syncs", "pause", sync["id"]).out
    refused = penstock("syncs", "run", sync["id"], "--json")
    assert (1, "sync_paused") == (refused.code, refused.json["error"]["code"])
    assert renamed == penstock("syncs", "resume", sync["id"], "--json").json
    assert {"deleted": sync["id"]} == penstock("syncs", "delete", sync["id"], "--json").json
    gone = penstock("syncs", "delete", sync["id"], "--force", "--json")
    assert (1, "sync_not_found") == (gone.code, gone.json["error"]["code"])


def test_syncs_and_keys_are_made_and_listed(penstock: Command) -> None:
    """What the console will do, the terminal does."""
    sync = penstock("syncs", "create", "--name", "warehouse", "--json").json
    key = penstock("keys", "create", "--name", "ci", "--scope", "events:write", "--json").json

    [listed] = penstock("syncs", "list", "--json").json["data"]
    assert sync.items() <= listed.items()
    assert key["key"] not in penstock("keys", "list").out
    assert "ci" in penstock("keys", "list").out


def test_a_key_is_made_by_preset_replaced_and_revoked(penstock: Command) -> None:
    """A key is printed once; all that follows goes by its id."""
    made = penstock(
        "keys", "create", "--name", "shop", "--preset", "producer", "--expires", "90d", "--json"
    ).json
    assert 2 == penstock("keys", "update", made["id"]).code  # nothing is named
    renamed = penstock("keys", "update", made["id"], "--name", "till", "--json").json
    assert ("till", made["scopes"]) == (renamed["name"], renamed["scopes"])
    new = penstock("keys", "rotate", made["id"], "--overlap-s", "60", "--json").json
    shown = penstock("keys", "show", made["id"], "--json").json

    assert (["events:write"], ["events:write"]) == (made["scopes"], new["scopes"])
    assert made["expires_at"] == new["expires_at"] > shown["expires_at"]
    assert f"revoked {made['id']}\n" == penstock("keys", "revoke", made["id"]).out
    assert made["id"] not in penstock("keys", "list").out
    again = penstock("keys", "revoke", made["id"], "--json")
    assert (1, "api_key_not_found") == (again.code, again.json["error"]["code"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("webhooks", "create"),
        ("webhooks", "list", "--limit", "0"),
        ("events", "--x"),
    ],
)
def test_wrong_usage_is_2_and_still_one_document(
    penstock: Command, arguments: tuple[str, ...]
) -> None:
    """A script that parses the output must never meet a usage screen."""
    ran = penstock(*arguments, "--json")

    assert (2, "usage") == (ran.code, ran.json["error"]["code"])
    assert ran.err


def test_without_a_connection_it_says_how_to_get_one(penstock: Command) -> None:
    """The first error that anybody meets should be the best one."""
    ran = penstock("webhooks", "list", PENSTOCK_API_URL=None, PENSTOCK_API_KEY=None)
    half = penstock("webhooks", "list", PENSTOCK_API_KEY=None)

    assert 2 == ran.code == half.code
    assert "penstock local up" in ran.err
    assert "PENSTOCK_API_KEY" in half.err


@pytest.mark.parametrize("flag", ["--allow-local-http", "--no-local-http"])
def test_a_local_cloud_takes_both_words_for_receivers_on_this_machine(
    penstock: Command, flag: str
) -> None:
    """`--allow-local-http` was once needed, and scripts go on saying it."""
    assert 0 == penstock("local", "up", flag, "--help").code
    assert 2 == penstock("local", "up", f"{flag}s", "--help").code


def test_the_local_clouds_state_is_found_from_below(penstock: Command) -> None:
    """After `penstock local up` nothing has to be exported."""
    state = {
        "api_url": penstock.environment["PENSTOCK_API_URL"],
        "api_key": penstock.environment["PENSTOCK_API_KEY"],
    }
    nothing = {"PENSTOCK_API_URL": "", "PENSTOCK_API_KEY": ""}
    bare = replace(penstock, environment=penstock.environment | nothing)
    penstock.write(".local/state.json", json.dumps(state))

    assert 0 == bare("webhooks", "list").code
    penstock.write(".local/state.json", "{}")
    broken = bare("webhooks", "list", "--json")
    assert (2, "no_connection") == (broken.code, broken.json["error"]["code"])


def test_a_wrong_key_or_place_is_told_apart(penstock: Command) -> None:
    """Whether to look for a key or for a server."""
    wrong = penstock("webhooks", "list", "--json", PENSTOCK_API_KEY="psk_wrong")

    assert (1, "unknown_key") == (wrong.code, wrong.json["error"]["code"])
    assert "psk_wrong" not in wrong.out + wrong.err
    nobody = penstock("webhooks", "list", "--json", PENSTOCK_API_URL="http://127.0.0.1:1")
    assert (1, "unreachable") == (nobody.code, nobody.json["error"]["code"])


@pytest.mark.parametrize("blank", [" ", "\r", "\u00a0"])
def test_a_key_with_a_blank_at_its_end_is_refused_before_it_is_sent(
    penstock: Command, blank: str
) -> None:
    """No header holds it, and "does not answer" would be said of an API that does."""
    ran = penstock("webhooks", "list", "--json", PENSTOCK_API_KEY="psk_secret" + blank)

    assert (2, "bad_key") == (ran.code, ran.json["error"]["code"])
    assert "PENSTOCK_API_KEY" in ran.json["error"]["message"]
    assert "psk_secret" not in ran.out + ran.err


def test_a_captured_request_is_genuine_or_says_why_not(penstock: Command) -> None:
    """A receiver that refuses our requests can find out in one command."""
    secret = signing.new_secret(bytes(32))
    body = b'{"type":"metric.x"}'
    headers = dict(
        signing.headers(
            [signing.parse_key(secret)], body, message_id="dlv_1", at_s=int(time.time())
        )
    )
    as_http = "\r\n".join(["POST /hook HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())])
    captured = f"{as_http}\r\n\r\n{body.decode()}"
    as_json = json.dumps({"headers": headers, "body": body.decode()})

    in_lists = {name: [text] for name, text in headers.items()}  # as some gateways write them
    as_json_lists = json.dumps({"headers": in_lists, "body": body.decode()})
    for text in (captured, as_json, as_json_lists):
        ran = penstock("verify", "-", "--json", stdin=text, PENSTOCK_WEBHOOK_SECRET=secret)
        assert (0, True, "dlv_1") == (ran.code, ran.json["genuine"], ran.json["id"])
    changed = penstock(
        "verify", "-", "--json", stdin=captured + " ", PENSTOCK_WEBHOOK_SECRET=secret
    )
    assert (1, "wrong_signature") == (changed.code, changed.json["error"]["code"])
    parsed = json.dumps({"headers": headers, "body": json.loads(body)})
    lost = penstock("verify", "-", "--json", stdin=parsed, PENSTOCK_WEBHOOK_SECRET=secret)
    assert (1, "bad_body") == (lost.code, lost.json["error"]["code"])
    assert 2 == penstock("verify", "-", stdin=captured).code
    assert 2 == penstock("verify", "-", stdin="nonsense", PENSTOCK_WEBHOOK_SECRET=secret).code


@pytest.mark.parametrize("value", ["NaN", "1e999", '"\\ud800"'])
def test_a_value_that_json_does_not_have_is_wrong_usage(penstock: Command, value: str) -> None:
    """It cannot be sent, so the API cannot refuse it: the command says which value it is."""
    event = f'{{"id": "e1", "topic": "metric.x", "properties": {{"n": {value}}}}}'

    for text in (event, f"[{event}]", f'{{"events": [{event}]}}', f"{event}\n{event}"):
        sent = penstock("events", "send", "-", "--json", stdin=text)

        assert 2 == sent.code
        assert sent.json["error"]["code"] in {"not_json", "lone_surrogate"}
        assert "Traceback" not in sent.err


def test_an_update_with_an_etag_that_is_gone_changes_nothing(penstock: Command) -> None:
    """Two people at two terminals: the second one must see what the first one did."""
    sync = penstock("syncs", "create", "--name", "lake", "--kind", "s3", "--json").json
    update = ("syncs", "update", sync["id"], "--if-match")

    done = penstock(*update, f'"{sync["etag"]}"', "--name", "first", "--json")
    late = penstock(*update, sync["etag"], "--name", "second", "--json")

    assert (0, "first") == (done.code, done.json["name"])
    assert (1, "precondition_failed") == (late.code, late.json["error"]["code"])
    assert done.json["etag"] == late.json["error"]["etag"]
    assert "first" == penstock("syncs", "show", sync["id"], "--json").json["name"]
    assert "etag" not in penstock("syncs", "show", sync["id"]).out
    wrong = penstock(*update, "x\ny", "--name", "third", "--json")
    assert (2, "bad_etag") == (wrong.code, wrong.json["error"]["code"])
