"""`penstock dev` as a process of its own, on a project as `penstock init` makes it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from cli.client import Client
from infra.demo.patience import Patience
from infra.local.place import ROOT
from infra.local.state import LocalCloud
from tests.e2e.newcomer import settle

pytestmark = pytest.mark.e2e

COMMAND: Final = (sys.executable, "-m", "cli.main")
ENVIRONMENT: Final = {
    **{name: text for name, text in os.environ.items() if not name.startswith("PENSTOCK_")},
    "PYTHONPATH": str(ROOT),
}
ORDER: Final = json.dumps(
    [
        {
            "topic": "metric.placed_order",
            "profile": {"external_id": "c-1"},
            "properties": {"value": 600},
        }
    ]
)
WEBHOOK: Final = """
[webhooks.orders]
url = "https://shop.example.com/hooks"
topics = ["metric.placed_order"]
"""


def run(folder: Path, *words: str, stdin: str = "") -> str:
    """What a command prints in this folder."""
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *words],
        cwd=folder,
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


class Dev:
    """A running `penstock dev`, and what it has printed."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self.patience = Patience(120)

    def shows(self, *texts: str) -> None:
        """Wait until it has printed all of these."""
        assert self.patience.until(
            lambda: (
                all(text in self.log.read_text("utf-8") for text in texts)
                or self.process.poll() is not None
            )
        ), self.log.read_text("utf-8")
        assert all(text in (printed := self.log.read_text("utf-8")) for text in texts), printed

    def watches_again_after(self, text: str) -> None:
        """Wait until it has printed this, and afterwards that it goes on watching."""
        assert self.patience.until(
            lambda: "watching shop" in self.log.read_text("utf-8").partition(text)[2]
        ), self.log.read_text("utf-8")

    def interrupt(self) -> int:
        """Press Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@contextmanager
def developing(folder: Path) -> Iterator[Dev]:
    """`penstock dev shop` in this folder; killed at the end if it still runs."""
    log = folder / "dev.log"
    with log.open("wb") as screen:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "dev", "shop"],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Dev(process, log)
    finally:
        process.kill()
        process.wait()


def test_what_is_saved_runs_and_what_is_sent_is_shown_until_ctrl_c(
    local_cloud: LocalCloud, api: Client, tmp_path: Path
) -> None:
    """From `init` to a changed function that has run, with every webhook verified.

    A webhook that a killed `dev` has left is deleted: nobody listens at its address.
    """
    settle(tmp_path, local_cloud, api, tenant="dev-shop")
    run(tmp_path, "init", "shop")
    left = ("--name", "dev", "--url", "http://127.0.0.1:9/dev", "--topic", "metric.x")
    run(tmp_path, "webhooks", "create", *left)
    source, settings = tmp_path / "shop" / "vip.py", tmp_path / "shop" / "penstock.toml"
    code = source.read_text("utf-8")

    with developing(tmp_path) as dev:
        dev.shows("pushed vip version 1 (engine wasm), and it is live", "webhook dev", "watching")
        run(tmp_path, "events", "send", "-", stdin=ORDER)
        dev.shows("webhook  dev  metric.placed_order  dlv_", "  verified  ", "vip  1  returned")

        source.write_text(
            code.replace("    return {", "    context.log('new')\n    return {"), "utf-8"
        )
        settings.write_text(settings.read_text("utf-8") + WEBHOOK, "utf-8")
        dev.shows("pushed vip version 2")
        dev.watches_again_after("webhook orders (")
        run(tmp_path, "events", "send", "-", stdin=ORDER)
        dev.shows("webhook  orders  metric.placed_order", "vip  2  returned", "\n    new\n")

        source.write_text(f"{code}\nimport (\n", "utf-8")
        dev.shows("vip.py is not published", "line 27", "syntax_error")
        ended = dev.interrupt()

    assert 0 == ended
    assert "the local cloud is still up" in dev.log.read_text("utf-8")
    assert "NOT VERIFIED" not in dev.log.read_text("utf-8")
    assert [] == json.loads(run(tmp_path, "webhooks", "list", "--json"))["data"]
    shown = json.loads(run(tmp_path, "functions", "show", "vip", "--json"))
    assert 2 == shown["live_version"], "what is wrong is not published"
