"""With egress turned off a function calls nobody, is told so, and otherwise runs as ever."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import settings
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

ROOT = Path(__file__).parents[3]
CALLS = {
    "context.http": "context.http.post({url!r}, json={{'a': 1}})",
    "requests": "requests.get({url!r}, timeout=1)",
}


@pytest.fixture(scope="module", params=EngineName)
def shut(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox without egress, an engine."""
    with Sandbox(Options(egress=False, engine=request.param)) as made:
        yield made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody who would answer the telephone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def _ran(box: Sandbox, source: str, **changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source, **changes))["results"][0]
    return result


@pytest.mark.parametrize("way", CALLS)
def test_a_call_fails_with_a_code_of_its_own_and_nothing_is_dialled(
    shut: Sandbox, listener: socket.socket, way: str
) -> None:
    """Who turned egress off means all of it, whatever the function lists and is allowed."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    source = f"import requests\ndef handler(event, profile, context):\n    {CALLS[way]}\n".format(
        url=url
    )

    result = _ran(shut, source, http_hosts=["*"], allow_local_http=True)

    assert "raised" == result["outcome"]
    assert "turned off" in result["error"]["message"]
    assert ["egress_disabled"] == [effect["error"] for effect in result["effects"]]
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_function_can_tell_by_the_code_and_go_on(shut: Sandbox) -> None:
    """A function that is written for both kinds of installation asks, it does not parse."""
    source = (
        "def handler(event, profile, context):\n    try:\n"
        "        context.http.get('https://api.example.com/')\n"
        "    except Exception as error:\n        context.emit('metric.done', {})\n"
        "        return error.code\n"
    )

    result = _ran(shut, source)

    assert ("returned", "egress_disabled") == (result["outcome"], result["output"])
    assert ["http", "emit"] == [effect["op"] for effect in result["effects"]]


@pytest.mark.parametrize(("value", "egress"), [(None, True), ("internet", True), ("none", False)])
def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, value: str | None, *, egress: bool
) -> None:
    """It is the only thing that a template can set."""
    monkeypatch.delenv("PENSTOCK_SANDBOX_EGRESS", raising=False)
    if value is not None:
        monkeypatch.setenv("PENSTOCK_SANDBOX_EGRESS", value)
    assert egress is settings.options().egress


def test_a_value_that_nobody_knows_is_not_taken_for_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """`None`, `off` or a blank must not leave the door open that somebody meant to shut."""
    for value in ("None", "off", ""):
        monkeypatch.setenv("PENSTOCK_SANDBOX_EGRESS", value)
        with pytest.raises(settings.SettingInvalid, match="internet, none"):
            settings.options()


def test_the_function_in_the_cloud_reads_it_and_says_so() -> None:
    """The switch is worth nothing where the deployed entry does not look at it."""
    program = (
        "from sandbox.entry import handler; print(handler({'v': 1, 'op': 'doctor'})['egress'])"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PENSTOCK_SANDBOX_EGRESS": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "none" == done.stdout.strip()
