"""`penstock apply -f penstock.yaml` against the real API: a whole tenant as one file says it."""

from collections.abc import Mapping
from typing import Any

from tests.unit.cli.conftest import Command, Ran

WHOLE: str = """
functions:
  order-slip:
    source: functions/order_slip.py
  vip:
    source: functions/vip.py
    topics: [metric.placed_order]
    filter: {properties: {value: [{numeric: [">", 500]}]}}
    http_hosts: [crm.example.com]
    environment: {SHOP: "NO"}
    secrets: {CRM_TOKEN: {env: CRM_TOKEN}}
    limits: {wall_s: 5, http_calls: 2}
    retry: {on: on_error, attempts: 3, delays_s: [5, 60]}
transforms:
  Full name:
    method: merge
    sources: [name, display_name]
    target: full_name
  Neat name:
    method: format
    sources: [full_name]
    settings: {trim: true, case: title}
webhooks:
  orders:
    url: https://shop.example.com/hooks
    topics: [metric.placed_order]
    transform: order-slip
    headers: {X-Team: {env: TEAM}}
  Mail for the agency:
    url: https://agency.example.com/hooks
    topics: [message.email.*]
syncs:
  lake:
    kind: s3
    schedule: every 15 minutes
keys:
  shop:
    preset: producer
  agency:
    scopes: [deliveries:read, webhooks:read]
    webhook: Mail for the agency
"""
TWIN = """
[functions.order-slip]
source = "functions/order_slip.py"

[functions.vip]
source = "functions/vip.py"
topics = ["metric.placed_order"]
filter = { properties = { value = [{ numeric = [">", 500] }] } }
http_hosts = ["crm.example.com"]
environment = { SHOP = "NO" }
secrets = { CRM_TOKEN = { env = "CRM_TOKEN" } }
limits = { wall_s = 5, http_calls = 2 }
retry = { on = "on_error", attempts = 3, delays_s = [5, 60] }

[transforms."Full name"]
method = "merge"
sources = ["name", "display_name"]
target = "full_name"

[transforms."Neat name"]
method = "format"
sources = ["full_name"]
settings = { trim = true, case = "title" }

[webhooks.orders]
url = "https://shop.example.com/hooks"
topics = ["metric.placed_order"]
transform = "order-slip"
headers = { X-Team = { env = "TEAM" } }

[webhooks."Mail for the agency"]
url = "https://agency.example.com/hooks"
topics = ["message.email.*"]

[syncs.lake]
kind = "s3"
schedule = "every 15 minutes"

[keys.shop]
preset = "producer"

[keys.agency]
scopes = ["deliveries:read", "webhooks:read"]
webhook = "Mail for the agency"
"""
SLIP = "def handler(event):\n    return {'order': event['id']}\n"
VIP = "def handler(event):\n    return None\n"
SECRETS = {"CRM_TOKEN": "hunter2-hunter2", "TEAM": "blue-blue"}


def a_project(penstock: Command, text: str = WHOLE) -> str:
    """The file with the sources that it names."""
    penstock.write("functions/order_slip.py", SLIP)
    penstock.write("functions/vip.py", VIP)
    return penstock.write("penstock.yaml", text)


def applied(penstock: Command, *options: str, text: str = WHOLE) -> Ran:
    """How `penstock apply -f penstock.yaml --json` ends with this file."""
    a_project(penstock, text)
    return penstock("apply", "-f", "penstock.yaml", *options, "--json", **SECRETS)


def actions(ran: Ran, *, of: str = "plan") -> list[tuple[str, str, str]]:
    """What was planned, or done, and about what."""
    return [(step["action"], step["kind"], step["name"]) for step in ran.json[of]]


def rows(penstock: Command, path: str) -> dict[str, Mapping[str, Any]]:
    """What the tenant has, by name."""
    return {row["name"]: row for row in penstock.api.get(path).json["data"]}


def test_a_whole_tenant_is_made_in_the_order_in_which_things_depend_on_each_other(
    penstock: Command,
) -> None:
    """A transform is live before the webhook that needs it, a webhook there before its key."""
    ran = applied(penstock, "--yes")

    assert 0 == ran.code, ran.out
    assert actions(ran, of="applied") == [
        ("create", "function", "order-slip"),
        ("create", "function", "vip"),
        ("create", "transform", "Full name"),
        ("create", "transform", "Neat name"),
        ("create", "webhook", "orders"),
        ("create", "webhook", "Mail for the agency"),
        ("create", "sync", "lake"),
        ("create", "key", "shop"),
        ("create", "key", "agency"),
    ]
    vip = rows(penstock, "/v1/functions")["vip"]
    assert (1, {"SHOP": "NO"}, {"CRM_TOKEN": True}) == (
        vip["live_version"],
        vip["environment"],
        vip["secrets"],
    )
    assert "order-slip" == rows(penstock, "/v1/webhooks")["orders"]["transform"]
    agency = rows(penstock, "/v1/webhooks")["Mail for the agency"]
    keys = rows(penstock, "/v1/api-keys")
    assert (["events:write"], agency["id"]) == (
        keys["shop"]["scopes"],
        keys["agency"]["webhook_id"],
    )
    assert all(value not in ran.out + ran.err for value in SECRETS.values())


def test_a_file_that_was_applied_differs_in_nothing(penstock: Command) -> None:
    """The second run has nothing to do, so it needs neither --yes nor a secret."""
    applied(penstock, "--yes")

    ran = penstock("apply", "-f", "penstock.yaml", "--check", "--json")

    assert (0, {"same"}) == (ran.code, {action for action, *_ in actions(ran)}), ran.out
    assert [] == ran.json["not_in_file"], "the key that calls is nobody's business"


def test_what_somebody_changed_by_hand_is_drift(penstock: Command) -> None:
    """Each change is named by its thing and its setting; the exit code says that there is one."""
    applied(penstock, "--yes")
    hook = rows(penstock, "/v1/webhooks")["orders"]["id"]
    penstock.api.call("PATCH", f"/v1/webhooks/{hook}", {"timeout_s": 20})
    penstock.api.call("PATCH", "/v1/functions/vip", {"http_hosts": ["*"]})
    transform = rows(penstock, "/v1/transforms")["Neat name"]["id"]
    penstock.api.call("PATCH", f"/v1/transforms/{transform}", {"position": 1})
    penstock.write("other.py", SLIP.replace("order", "parcel"))
    penstock("functions", "push", "other.py", "--name", "order-slip", "--publish")

    ran = penstock("apply", "-f", "penstock.yaml", "--check", "--json")
    text = penstock("apply", "-f", "penstock.yaml", "--plan").out

    assert 3 == ran.code
    drift = {
        (step["name"], change["field"]) for step in ran.json["plan"] for change in step["changes"]
    }
    assert drift == {
        ("orders", "timeout_s"),
        ("vip", "http_hosts"),
        ("Neat name", "position"),
        ("order-slip", "source"),
    }
    assert "-    return {'parcel': event['id']}\n+    return {'order': event['id']}\n" in text
    assert 0 == penstock("apply", "-f", "penstock.yaml", "--yes").code
    assert 0 == penstock("apply", "-f", "penstock.yaml", "--check").code


def test_a_run_that_was_refused_half_way_goes_on_where_it_stopped(penstock: Command) -> None:
    """Whatever was made before is not made twice."""
    bad = WHOLE.replace("https://agency.example.com/hooks", "ftp://agency.example.com")

    broken = applied(penstock, "--yes", text=bad)
    mended = applied(penstock, "--yes")

    error = broken.json["error"]
    assert (1, "url") == (broken.code, error["field"])
    assert "webhook 'Mail for the agency' is not created" in error["message"]
    assert "Done before: function order-slip, function vip, transform Full" in error["message"]
    assert 0 == mended.code, mended.out
    assert [
        ("create", "webhook", "Mail for the agency"),
        ("create", "sync", "lake"),
        ("create", "key", "shop"),
        ("create", "key", "agency"),
    ] == actions(mended, of="applied")


def test_what_the_file_has_among_the_removed_is_deleted_and_only_that(penstock: Command) -> None:
    """So it can be read in the pull request what goes, and nothing made by hand goes with it."""
    applied(penstock, "--yes")
    penstock.api.post(
        "/v1/webhooks", {"name": "by hand", "url": "https://x.example.com/", "topics": ["metric.x"]}
    )
    start, end = WHOLE.index("  Mail for the agency:"), WHOLE.index("syncs:")
    less = WHOLE[:start] + WHOLE[end : WHOLE.index("  agency:")]
    removed = f"{less}removed:\n  webhooks: [Mail for the agency]\n  keys: [agency, never there]\n"

    ran = applied(penstock, "--yes", text=removed)
    again = applied(penstock, "--check", text=removed)

    assert [
        ("delete", "key", "agency"),
        ("delete", "webhook", "Mail for the agency"),
    ] == actions(ran, of="applied"), ran.out
    assert {"orders", "by hand"} == set(rows(penstock, "/v1/webhooks"))
    assert 0 == again.code


def test_prune_deletes_what_the_file_does_not_name_of_the_kinds_that_it_is_about(
    penstock: Command,
) -> None:
    """Everything that goes is named in the plan; what the file is silent about stays."""
    applied(penstock, "--yes")
    only_webhooks = (
        "webhooks:\n" + WHOLE[WHOLE.index("  Mail for the agency:") : WHOLE.index("syncs:")]
    )

    planned = applied(penstock, "--prune", "--plan", text=only_webhooks)
    unasked = applied(penstock, "--prune", text=only_webhooks)
    shown = penstock("apply", "-f", "penstock.yaml", "--prune", "--plan")
    ran = applied(penstock, "--prune", "--yes", text=only_webhooks)

    assert ("delete", "webhook", "orders") in actions(planned)
    assert "not_confirmed" == unasked.json["error"]["code"]
    assert "- webhook orders (whk_" in shown.out
    assert "0 to create, 0 to change, 1 the same, 1 to delete" in shown.out
    assert [("delete", "webhook", "orders")] == actions(ran, of="applied")
    assert {"lake"} == set(rows(penstock, "/v1/syncs"))
    assert {"order-slip", "vip"} == set(rows(penstock, "/v1/functions"))


def test_a_log_that_others_read_gets_no_key_and_no_signing_secret(penstock: Command) -> None:
    """Whoever needs one has another made by a rotation, on a terminal of his own."""
    hidden = applied(penstock, "--yes", "--hide-secrets")

    assert 0 == hidden.code
    assert "psk_" not in hidden.out + hidden.err
    assert "whsec_" not in hidden.out + hidden.err


def test_a_deleted_function_that_the_file_names_is_restored(penstock: Command) -> None:
    """It keeps its versions for seven days, and its name with them."""
    text = "functions:\n  vip: {source: functions/vip.py}\n"
    applied(penstock, "--yes", text=text)
    penstock.api.call("DELETE", "/v1/functions/vip")

    ran = applied(penstock, "--yes", text=text)

    assert [("change", "function", "vip")] == actions(ran, of="applied"), ran.out
    assert None is rows(penstock, "/v1/functions")["vip"]["deleted_at"]


def test_a_source_can_be_pushed_without_going_live(penstock: Command) -> None:
    """A canary, or a person, decides when it does."""
    text = "functions:\n  vip: {source: functions/vip.py, publish: false}\n"

    applied(penstock, "--yes", text=text)

    vip = rows(penstock, "/v1/functions")["vip"]
    assert (1, None) == (vip["latest_version"], vip["live_version"])
    assert 0 == penstock("apply", "-f", "penstock.yaml", "--check").code


def test_the_order_of_the_file_is_that_of_the_chain(penstock: Command) -> None:
    """Later transforms read what earlier ones have made; one made by hand stays between them."""
    one = "transforms:\n  {0}: {{method: format, sources: [{0}], settings: {{trim: true}}}}\n"
    applied(penstock, "--yes", text=one.format("b"))
    by_hand = {"name": "z", "method": "format", "sources": ["z"], "settings": {"trim": True}}
    penstock.api.post("/v1/transforms", by_hand)
    three = "".join(one.format(name).removeprefix("transforms:\n") for name in "cab")

    ran = applied(penstock, "--yes", text=f"transforms:\n{three}")

    assert 0 == ran.code, ran.out
    chain = [row["name"] for row in penstock.api.get("/v1/transforms").json["data"]]
    assert ["c", "a", "b"] == [name for name in chain if name != "z"]
    assert 0 == penstock("apply", "-f", "penstock.yaml", "--check").code


def test_a_sync_with_a_destination_of_its_own_is_declared_with_its_login(
    penstock: Command,
) -> None:
    """The password stands in the environment, and what may be shown of the rest is compared."""
    text = (
        "syncs:\n  shop:\n    kind: postgresql\n    settings:\n      host: db.example.com\n"
        "      database: shop\n      user: loader\n      password: {env: DB_PASSWORD}\n"
    )
    a_project(penstock, text)
    made = penstock("apply", "--yes", "--json", DB_PASSWORD="hunter2-hunter2")
    same = penstock("apply", "--check")
    changed = applied(penstock, "--yes", text=text.replace("loader", "writer"))
    literal = applied(penstock, text=text.replace("{env: DB_PASSWORD}", "hunter2-hunter2"))

    assert 0 == made.code, made.out
    assert "hunter2" not in made.out + made.err
    assert 0 == same.code
    assert ["settings.user"] == [each["field"] for each in changed.json["plan"][0]["changes"]]
    assert "writer" == rows(penstock, "/v1/syncs")["shop"]["settings"]["user"]
    assert (2, "bad_settings") == (literal.code, literal.json["error"]["code"])
    assert "hunter2" not in literal.out


def test_scopes_of_a_key_that_differ_are_shown_and_changed(penstock: Command) -> None:
    """Whoever has the key goes on with it, and may do what the file says."""
    made = applied(penstock, "--yes", text="keys:\n  shop: {preset: producer}\n").json["applied"]
    drifted = applied(penstock, "--check", text="keys:\n  shop: {scopes: [events:read]}\n")
    [step] = drifted.json["plan"]
    change = {"field": "scopes", "before": ["events:write"], "after": ["events:read"]}

    ran = applied(penstock, "--yes", text="keys:\n  shop: {scopes: [events:read]}\n")

    assert (3, "change", [change]) == (drifted.code, step["action"], step["changes"])
    assert (0, ["change"]) == (ran.code, [each["action"] for each in ran.json["applied"]])
    key = rows(penstock, "/v1/api-keys")["shop"]
    assert (made[0]["id"], ["events:read"]) == (key["id"], key["scopes"])
    assert 0 == applied(penstock, "--check", text="keys:\n  shop: {scopes: [events:read]}\n").code


def test_the_end_of_a_key_that_differs_is_said_and_not_changed(penstock: Command) -> None:
    """Its owner counts on it: the file gives another key, and removes this."""
    applied(penstock, "--yes", text="keys:\n  shop: {preset: producer}\n")

    ends = "keys:\n  shop: {preset: producer, expires_at: '2036-01-01T00:00:00Z'}\n"
    ran = applied(penstock, "--plan", text=ends)

    assert (1, "cannot_change") == (ran.code, ran.json["error"]["code"])
    assert "another expires_at than the file says" in ran.json["error"]["message"]


def test_the_same_document_as_toml_is_the_same_configuration(penstock: Command) -> None:
    """There is one model, and two ways to write it."""
    applied(penstock, "--yes")
    penstock.write("twin/functions/order_slip.py", SLIP)
    penstock.write("twin/functions/vip.py", VIP)
    penstock.write("twin/penstock.toml", TWIN)

    ran = penstock("apply", "twin", "--check", "--json")

    assert (0, {"same"}) == (ran.code, {action for action, *_ in actions(ran)}), ran.out


def test_a_key_that_was_rotated_goes_on_under_its_name(penstock: Command) -> None:
    """The old one lives for a day beside its successor, and the file means one of them."""
    text = "keys:\n  shop: {preset: producer}\n"
    made = applied(penstock, "--yes", text=text).json["applied"][0]
    penstock.api.post(f"/v1/api-keys/{made['id']}/rotate", {})

    ran = applied(penstock, "--prune", text=text)

    assert [("same", "key", "shop")] == actions(ran), ran.out
    assert made["id"] != ran.json["plan"][0]["id"]
