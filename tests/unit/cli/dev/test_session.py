"""What a session of `penstock dev` publishes, against the real API."""

from pathlib import Path

import pytest

from cli._connection import Connection
from cli.client import Client
from cli.dev.receiver import Endpoints
from cli.dev.session import Session
from cli.dev.webhooks import DevWebhooks
from tests.unit.cli.conftest import Command

SETTINGS = '[functions.vip]\ntopics = ["metric.x"]\n[functions.gone]\ntopics = ["metric.x"]\n'
HANDLER = "def handler(event):\n    return event['id']\n"


@pytest.fixture
def session(penstock: Command) -> Session:
    """A session on a project that declares `vip` and a function whose file is not there."""
    penstock.write("penstock.toml", SETTINGS)
    penstock.write("vip.py", HANDLER)
    url, key = (penstock.environment[f"PENSTOCK_API_{name}"] for name in ("URL", "KEY"))
    api = Client(Connection(url=url, key=key, origin="a test"))
    endpoints = Endpoints(port=9)
    return Session(
        folder=penstock.folder,
        api=api,
        endpoints=endpoints,
        webhooks=DevWebhooks(api=api, endpoints=endpoints),
        is_quiet=False,
        settle_s=0,
    )


def test_what_is_declared_is_published_and_what_is_not_is_named(
    session: Session, penstock: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file that is missing keeps nobody from working on the others."""
    penstock.write("other.py", HANDLER)

    session.follow(for_s=0)

    assert 1 == penstock.api.get("/v1/functions/vip").json["live_version"]
    assert ["vip"] == [row["name"] for row in penstock.api.get("/v1/functions").json["data"]]
    shown = capsys.readouterr().out
    assert "pushed vip version 1" in shown
    assert "gone.py is not published\n  cannot read " in shown
    assert "other.py is not published: penstock.toml has no [functions.other]" in shown
    assert [True] == [each["live"] for each in session.to_json()["published"]]
    assert ["unreadable"] == [each["code"] for each in session.to_json()["refused"]]


def test_only_what_was_saved_is_published_again(session: Session, penstock: Command) -> None:
    """A save of one file makes no new version of another, and a broken one leaves the live one."""
    penstock.write("gone.py", HANDLER)
    session.follow(for_s=0)
    (Path(penstock.folder) / "vip.py").write_text(f"{HANDLER}# better\n", "utf-8")
    session.publish_changes()

    published = [(each["function"], each["version"]) for each in session.to_json()["published"]]
    assert [("gone", 1), ("vip", 1), ("vip", 2)] == published


def test_a_project_of_yaml_is_worked_on_as_one_of_toml(
    session: Session, penstock: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its functions stand where their sources are said to be, under the names of their tables."""
    (penstock.folder / "penstock.toml").unlink()
    penstock.write(
        "penstock.yaml",
        "functions:\n  order-slip: {source: functions/slip.py, topics: [metric.x]}\n",
    )
    penstock.write("functions/slip.py", HANDLER)

    session.follow(for_s=0)

    slip = penstock.api.get("/v1/functions/order-slip").json
    assert (1, ["metric.x"]) == (slip["live_version"], slip["topics"]), capsys.readouterr().out
