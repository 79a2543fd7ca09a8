"""What `penstock apply -f penstock.yaml` does not do: guess, overwrite, or delete unasked."""

import pytest

from cli._connection import Connection
from cli._errors import CommandFailed
from cli.client import Client
from cli.project import carry_out, compare
from cli.project.project import load_project
from tests.api_server import Served
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_apply_yaml import VIP, a_project, applied, rows

NOW = "2026-11-20T13:00:00.000Z"
HOOK = "  orders: {url: 'https://shop.example.com/', topics: [metric.x]}\n"


def test_a_function_that_somebody_changed_since_the_plan_is_not_overwritten(
    penstock: Command, served: Served
) -> None:
    """Also where only its code differs: a version that somebody has just published stays live."""
    applied(penstock, "--yes")
    penstock.write("functions/vip.py", VIP.replace("None", "event"))
    assert penstock.api.key is not None
    api = Client(Connection(url=served.url, key=penstock.api.key, origin="a test"))
    project = load_project(penstock.folder / "penstock.yaml")
    steps = compare.compare(project, api, now=NOW).to_do
    penstock.api.call("PATCH", "/v1/functions/vip", {"http_hosts": ["*"]})

    with pytest.raises(CommandFailed, match="changed by somebody since it was compared"):
        carry_out.carry_out(steps, carry_out.open_secrets(steps, {}), api, tell=print)

    assert 1 == rows(penstock, "/v1/functions")["vip"]["latest_version"]


def test_the_question_on_a_terminal_names_what_is_deleted(penstock: Command) -> None:
    """Whoever answers yes has read what goes."""
    applied(penstock, "--yes", text="webhooks:\n" + HOOK)
    penstock.write("penstock.yaml", "webhooks: {}\n")
    ran = penstock.on_a_terminal("apply", "--prune", answer="n\n")

    assert "Make these changes, and delete webhook orders?" in ran.err
    assert {"orders"} == set(rows(penstock, "/v1/webhooks"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("functions:\n  vip: {source: /etc/passwd}\n", "functions.vip.source: must be a file from"),
        ("functions:\n  vip: {source: gone.py}\n", "cannot read"),
        ("functions:\n  vip: {source: functions/vip.py, secrets: {A: x}}\n", "secrets.A: a secret"),
        ("functions:\n  Vip: {source: functions/vip.py}\n", "must be a lower-case letter"),
        ("transforms:\n  x: {method: mix, sources: [a]}\n", "transforms.x.method: is unknown"),
        ("transforms:\n  x: {method: merge, sources: [a]}\n", "transforms.x.sources: a merge has"),
        (
            (
                "transforms:\n  x: {method: hash, sources: [a], target: c}\n"
                "  y: {method: hash, sources: [b], target: c}\n"
            ),
            "another transform writes 'c' already",
        ),
        ("keys:\n  x: {}\n", "keys.x: names either scopes or a preset"),
        ("keys:\n  x: {scopes: [event:write]}\n", "did you mean events:write"),
        ("keys:\n  x: {preset: viewer, webhook: y}\n", "a key for one webhook may have"),
        ("keys:\n  x: {preset: viewer, expires_at: tomorrow}\n", "keys.x.expires_at: is no time"),
        ("removed: {webhooks: [a]}\nwebhooks:\n  a: {url: u, topics: [x]}\n", "declares as well"),
        ("removed: {hooks: [a]}\n", "removed.hooks: is unknown; did you mean webhooks"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_before_anything_is_sent(
    penstock: Command, text: str, says: str
) -> None:
    """Without an API at all: an editor's fault is found where it was made."""
    a_project(penstock, text)

    ran = penstock("apply", PENSTOCK_API_URL="http://127.0.0.1:9")

    assert 2 == ran.code
    assert says in ran.err


def test_a_canary_of_another_version_is_not_cut_short(penstock: Command) -> None:
    """Somebody is just finding out whether it is better; the error says so, and what to do."""
    text = "functions:\n  vip: {source: functions/vip.py}\n"
    applied(penstock, "--yes", text=text)
    penstock.write("better.py", f"{VIP}# better\n")
    penstock("functions", "push", "better.py", "--name", "vip")
    penstock("functions", "canary", "start", "vip", "2")
    penstock.write("functions/vip.py", f"{VIP}# mine\n")

    ran = penstock("apply", "-f", "penstock.yaml", "--yes", "--json")

    assert (1, "canary_running") == (ran.code, ran.json["error"]["code"]), ran.out
    assert 1 == rows(penstock, "/v1/functions")["vip"]["live_version"]
