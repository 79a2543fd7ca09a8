"""A dry run calls nobody, and tells the function so; it is judged like a run that may call."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

TRY = """
import requests
def handler(event, profile, context):
    said = []
    for call in (context.http.get, requests.get):
        try:
            call({url!r})
        except Exception as problem:
            said.append(str(problem))
    return said
"""


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox, an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _ran(box: Sandbox, url: str, **changes: Any) -> dict[str, Any]:
    job = a_job(TRY.format(url=url), http_hosts=["127.0.0.1"], allow_local_http=True, **changes)
    result: dict[str, Any] = box.run(job)["results"][0]
    return result


def test_no_call_is_made_and_the_function_learns_how_to_allow_it(box: Sandbox) -> None:
    """Who tries a function out must not place an order with it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        result = _ran(box, f"http://127.0.0.1:{listener.getsockname()[1]}/", http="off")
        with pytest.raises(BlockingIOError):
            listener.accept()

    assert "returned" == result["outcome"], result
    assert 2 == len(result["output"])
    assert all("dry run" in each and "--allow-http" in each for each in result["output"])
    assert ["dry_run", "dry_run"] == [call["error"] for call in result["http"]]


def test_a_call_that_may_never_be_made_is_refused_for_its_own_reason(box: Sandbox) -> None:
    """The dry run is the place to find out that a host is not listed."""
    result = _ran(box, "https://other.example.com/", http="off")

    assert ["host_not_allowed"] * 2 == [call["error"] for call in result["http"]]


def test_any_other_word_leaves_the_calls_as_they_are(box: Sandbox) -> None:
    """Jobs of before name nothing, and their functions go on calling."""
    for changes in ({}, {"http": "on"}):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        result = _ran(box, f"http://127.0.0.1:{port}/", **changes)
        assert ["connect_refused"] * 2 == [call["error"] for call in result["http"]]
