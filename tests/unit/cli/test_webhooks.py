"""`penstock webhooks` and `deliveries`: changing, trying out, watching."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.timestamps import timestamp
from runtime.wiring.worker import now
from tests.builders import a_delivery, a_function
from tests.unit.cli.conftest import ROOT, Command

CREATE = (
    *("webhooks", "create", "--name", "orders", "--topic", "metric.x", "--json"),
    *("--url", "https://hooks.example.com/"),
)


def test_every_setting_is_changed_and_taken_back(penstock: Command) -> None:
    """What can be set at creation can be changed later, without leaving the terminal."""
    functions = penstock.api.application.functions.store
    functions.add(a_function(tenant=penstock.api.tenant, name="slim"))
    pattern = penstock.write("filter.json", json.dumps({"topic": ["metric.y"]}))
    made = penstock(*CREATE).json
    update = ("webhooks", "update", made["id"], "--json")

    changed = penstock(
        *update,
        *("--name", "renamed", "--url", "https://hooks.example.com/2", "--timeout-s", "5"),
        *("--topic", "metric.y", "--topic", "message.email.*", "--filter", pattern),
        *("--transform", "slim", "--retry", "7", "--retry", "8"),
    ).json
    back = penstock(*update, "--no-filter", "--no-transform", "--default-schedule").json

    expected = {
        "name": "renamed",
        "url": "https://hooks.example.com/2",
        "timeout_s": 5,
        "topics": ["metric.y", "message.email.*"],
        "filter": {"topic": ["metric.y"]},
        "transform": "slim",
        "retry_schedule_s": [7, 8],
    }
    same = {name: value for name, value in made.items() if name != "secret"}
    taken = {"filter": None, "transform": None, "retry_schedule_s": None}
    assert same | expected | {"etag": changed["etag"]} == changed
    assert changed | taken | {"etag": back["etag"]} == back


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ((), 2, "bad_update"),
        (("--retry", "5", "--default-schedule"), 2, "bad_update"),
        (("--retry", "0"), 1, "bad_schedule"),
        (("--retry", "soon"), 2, "usage"),
        (("--timeout-s", "31"), 1, "bad_timeout"),
        (("--transform", "nowhere"), 1, "unknown_function"),
        (("--topic", "message.email.clickd"), 1, "unknown_topic"),
        (("--url", "http://hooks.example.com/"), 1, "url_not_https"),
        (("--handshake",), 1, "bad_handshake"),
    ],
)
def test_a_bad_change_is_refused_by_the_apis_own_rules(
    penstock: Command, arguments: tuple[str, ...], code: int, error: str
) -> None:
    """One set of rules, whichever door one comes through."""
    made = penstock(*CREATE).json

    ran = penstock("webhooks", "update", made["id"], *arguments, "--json")

    assert (code, error) == (ran.code, ran.json["error"]["code"])


def test_a_webhook_is_tried_out(penstock: Command) -> None:
    """One command, and the receiver has something to answer."""
    made = penstock(*CREATE).json

    tried = penstock("webhooks", "test", made["id"], "--wait-s", "0", "--json").json

    assert ("webhook.test", made["id"]) == (tried["topic"], tried["webhook_id"])
    assert tried["id"] in penstock("deliveries", "list").out
    assert "webhook.test" in penstock("webhooks", "test", made["id"], "--wait-s", "1").out


def a_recent(penstock: Command, number: int, **changes: Any) -> str:
    """A delivery that has just come."""
    name = f"dlv_{penstock.api.tenant}_{number}"
    made = a_delivery(id=name, tenant=penstock.api.tenant, created_at=timestamp(now()), **changes)
    penstock.api.cloud.deliveries.add(made)
    return name


def test_deliveries_are_watched_until_somebody_has_seen_enough(penstock: Command) -> None:
    """New ones and changes, each once; what was there before is what `list` is for."""
    old = a_recent(penstock, 0)
    # Who started the tests may ignore Ctrl-C, as shells do for what runs aside; a person does not.
    tail = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal as s; s.signal(s.SIGINT, s.default_int_handler);"  # noqa: ISC004 - one text
            "import cli.main as c; raise SystemExit(c.main(['deliveries', 'tail']))",
        ],
        cwd=penstock.folder,
        env={**penstock.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout is not None
    assert "watching" in (tail.stderr.readline() if tail.stderr else "")
    new = a_recent(penstock, 1, topic="metric.x")
    store = penstock.api.cloud.deliveries
    first = tail.stdout.readline()
    was = store.find(new)
    assert was is not None
    store.replace(
        was,
        a_delivery(
            **{name: getattr(was, name) for name in ("id", "tenant", "created_at")},
            status=Status.DEAD,
            due_at_ms=None,
            reason="attempts_exhausted",
        ),
    )
    second = tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    rest, _ = tail.communicate(timeout=30)

    assert (new, "pending") == (first.split()[-1], first.split()[1])
    assert (new, "dead", "attempts_exhausted") == (second.split()[-1], *second.split()[1:3])
    assert old not in first + second + rest
    assert 0 == tail.returncode
    assert str(ROOT) not in rest


def test_watching_for_a_while_is_one_document(penstock: Command) -> None:
    """`--json` prints one, here as everywhere."""
    ran = penstock("deliveries", "tail", "--for-s", "0", "--json")

    assert (0, {"data": []}) == (ran.code, ran.json)
