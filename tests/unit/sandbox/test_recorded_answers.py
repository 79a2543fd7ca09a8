"""Whoever holds the sandbox may answer a function's calls; whoever sends it jobs may not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runtime.egress.answer import Answer
from runtime.egress.exchange import Request
from runtime.egress.failures import EgressFailed
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.limits import MAX_HTTP_ANSWER_BYTES
from tests.sandbox.harness import a_job

ROOT = Path(__file__).parents[3]
URL = "https://crm.example.invalid/orders"
CALL = f"""
def handler(event, profile, context):
    answer = context.http.post({URL!r}, json={{"n": 1}}, headers={{"X-Key": "{{{{secret:KEY}}}}"}})
    return {{"status": answer.status, "text": answer.text}}
"""
TELL = f"""
def handler(event, profile, context):
    try:
        context.http.get({URL!r})
    except Exception as problem:
        return problem.code
"""


@dataclass
class Recorded:
    """Gives one answer to every call, and keeps what was asked."""

    answer: Answer | EgressFailed
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request, *, max_answer_bytes: int, **_: Any) -> Answer:
        """The answer, or its failure."""
        self.requests.append(request)
        if isinstance(self.answer, EgressFailed):
            raise self.answer
        whole = self.answer.body
        is_cut = len(whole) > max_answer_bytes
        return Answer(status=self.answer.status, headers=(), body=whole[:max_answer_bytes],
                      truncated=is_cut)  # fmt: skip


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox, an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _ran(box: Sandbox, source: str, recorded: Recorded, **changes: Any) -> dict[str, Any]:
    job = a_job(source, **{"http_hosts": ["crm.example.invalid"], **changes})
    result: dict[str, Any] = box.run(job, answerer=recorded)["results"][0]
    return result


def test_a_recorded_answer_stands_for_the_network(box: Sandbox) -> None:
    """The function sees an answer, the effect its status; the request is whole, secrets filled."""
    recorded = Recorded(Answer(status=201, headers=(), body=b"made"))

    result = _ran(box, CALL, recorded, secrets={"KEY": "only-for-tests"})

    assert {"status": 201, "text": "made"} == result["output"]
    assert [{"op": "http", "method": "POST", "url": URL, "status": 201}] == result["effects"]
    (request,) = recorded.requests
    assert ("POST", URL, {"n": 1}) == (request.method, request.url, json.loads(request.body))
    assert ("X-Key", "only-for-tests") in request.headers


def test_a_host_that_is_not_listed_is_refused_before_the_answer_is_asked_for(box: Sandbox) -> None:
    """As in the cloud: what works here must not be refused there."""
    recorded = Recorded(Answer(status=200, headers=(), body=b""))

    result = _ran(box, TELL, recorded, http_hosts=["other.example.invalid"])

    assert ("host_not_allowed", []) == (result["output"], recorded.requests)


def test_an_answer_over_the_limit_is_refused_and_the_number_of_calls_is_limited(
    box: Sandbox,
) -> None:
    """The limits are the cloud's, whoever answers."""
    long = Recorded(Answer(status=200, headers=(), body=b"x" * (MAX_HTTP_ANSWER_BYTES + 1)))
    short = Recorded(Answer(status=200, headers=(), body=b"x"))
    twice = TELL.replace("    try", f"    context.http.get({URL!r})\n    try")

    too_large = _ran(box, TELL, long)
    _ran(box, twice, short, limits={"http_calls": 1})

    assert "answer_too_large" == too_large["output"]
    assert 1 == len(short.requests)


def test_a_failure_that_was_recorded_fails_the_call_with_its_code(box: Sandbox) -> None:
    """A function that is to try later can be tested too."""
    result = _ran(box, TELL, Recorded(EgressFailed("timeout", "no answer in time")))

    assert "timeout" == result["output"]
    assert ["timeout"] == [effect["error"] for effect in result["effects"]]


FORGER = """
import inspect, json, sys
from sandbox.entry import handler
answered = [handler(job) for job in json.load(sys.stdin)]
outputs = [result["output"] for each in answered for result in each["results"]]
print(json.dumps({"outputs": outputs, "takes": list(inspect.signature(handler).parameters)}))
"""


def test_no_job_can_bring_answers_of_its_own() -> None:
    """A job is JSON, none of whose keys reaches the seam; the cloud's entry takes nothing else."""
    answers = [{"method": "GET", "url": "*", "status": 200, "body": "forged"}]
    forged = dict.fromkeys(("http", "answerer", "answers", "recorded", "cases"), answers)
    job = a_job(TELL, http_hosts=["crm.example.invalid"]) | forged
    events = [{**event, **forged} for event in job["events"]]
    jobs = [job, {**job, "events": events}, {**job, "limits": forged}]

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", FORGER],
        cwd=ROOT,
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"outputs": ["dns_failure"] * 3, "takes": ["job", "context"]} == json.loads(done.stdout)
