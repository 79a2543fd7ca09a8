"""`bus.md` is followed word for word against a bus with the template's rule, in this process."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from infra.scan.template import load
from runtime.core.events import bus_event, envelope
from runtime.core.events.envelope import Event
from runtime.core.ids import MAX_ID_CHARS
from runtime.core.json_text import MAX_DEPTH
from runtime.core.timestamps import timestamp
from runtime.stores import bus as bus_store
from tests.bad_bus_events import BAD
from tests.page_reader import Reader
from tests.pages import ROOT, steps

PAGE: Final = (ROOT / "docs" / "reference" / "bus.md").read_text(encoding="utf-8")
BUS: Final = "penstock"
BEFORE_CLI, _, _REST = PAGE.partition("## With the AWS CLI")
CLI, _, AFTER_CLI = _REST.partition("## What is refused")


class PutEvents(BaseHTTPRequestHandler):
    """EventBridge's wire for programs of their own: hands each PutEvents to moto, in this process.

    moto's own server needs packages that nothing else of the project does.
    """

    events: Any  # the client of this process
    refused: list[str]  # the codes by which the first entry of the next calls is refused

    def do_POST(self) -> None:
        """Answer one call."""
        assert "AWSEvents.PutEvents" == self.headers["x-amz-target"]
        entries = json.loads(self.rfile.read(int(self.headers["content-length"])))["Entries"]
        answers = [{"ErrorCode": self.refused.pop(0)}] if self.refused else []
        if taken := entries[len(answers) :]:
            answers = [*answers, *self.events.put_events(Entries=taken)["Entries"]]
        failed = sum("ErrorCode" in each for each in answers)
        body = json.dumps({"FailedEntryCount": failed, "Entries": answers}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Print nothing: the pages show what their commands print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A bus with the template's rule, and the queue of matching behind it."""

    events: Any
    sqs: Any
    queue: str
    refused: list[str]  # put codes here, and PutEvents refuses

    def landed(self) -> list[Event]:
        """What the queue has got, as `fanout` reads it."""
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        now = timestamp(datetime.now(UTC))
        return [bus_event.parse(each["Body"], now=now) for each in answer.get("Messages", ())]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Commands of the page find it by their environment."""
    with mock_aws():
        events, sqs = boto3.client("events"), boto3.client("sqs")
        queue = sqs.create_queue(QueueName="match")["QueueUrl"]
        rule = load(ROOT / "infra" / "stacks" / "bus.yaml")["Resources"]["CatchAll"]["Properties"]
        events.create_event_bus(Name=BUS)
        pattern = json.dumps(rule["EventPattern"])
        events.put_rule(Name="catch-all", EventBusName=BUS, EventPattern=pattern)
        target: Any = {"Id": "match", "Arn": "arn:aws:sqs:eu-central-1:123456789012:match"}
        events.put_targets(EventBusName=BUS, Rule="catch-all", Targets=[target])
        refused: list[str] = []
        wire = type("Wire", (PutEvents,), {"events": events, "refused": refused})
        with serving(wire) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            yield Account(events=events, sqs=sqs, queue=queue, refused=refused)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, ThreadPoolExecutor(1) as aside:
        served = aside.submit(server.serve_forever)
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
        served.result()


def test_the_boto3_example_puts_events_that_penstock_reads(
    account: Account, tmp_path: Path
) -> None:
    """Who copies it gets no answer from us that would tell him that it is wrong."""
    Reader(folder=tmp_path).follow(steps(BEFORE_CLI))

    first, second = sorted(account.landed(), key=lambda event: event.id)
    assert ("o-1", "acme", "bus") == (first.id, first.tenant, first.origin)
    assert "2026-11-20T13:04:05.000Z" == first.occurred_at
    assert {"email": "ada@example.com"} == second.profile.to_json()
    assert second.occurred_at == second.received_at  # both are the bus's


def test_the_boto3_example_puts_again_what_the_bus_has_refused(
    account: Account, tmp_path: Path
) -> None:
    """PutEvents answers 200 all the same; who does not look loses events in every busy hour."""
    account.refused.extend(["ThrottlingException", "InternalFailure"])

    Reader(folder=tmp_path).follow(steps(BEFORE_CLI))

    assert ["o-1", "o-2"] == sorted(event.id for event in account.landed())


def test_the_entries_of_the_cli_example_are_what_penstock_reads(account: Account) -> None:
    """It is checked on every machine, also where no AWS CLI is installed."""
    [entries] = [step for step in steps(CLI) if getattr(step, "name", "") == "entries.json"]
    text = getattr(entries, "text", "")

    answer = account.events.put_events(Entries=json.loads(text))

    assert 0 == answer["FailedEntryCount"]
    assert ["o-3"] == [event.id for event in account.landed()]


def test_the_cli_example_puts_the_event(account: Account, tmp_path: Path) -> None:
    """Word for word, with the AWS CLI of this machine."""
    if not _has_aws_cli(tmp_path):
        pytest.skip("NOT TESTED: the example for the AWS CLI, for want of aws")

    Reader(folder=tmp_path).follow(steps(CLI))

    assert ["o-3"] == [event.id for event in account.landed()]


def _has_aws_cli(folder: Path) -> bool:
    found = shutil.which("aws")
    if found is None:
        return False
    # A shim of a version manager is on the path even where its version has no AWS CLI.
    asked = subprocess.run([found, "--version"], cwd=folder, capture_output=True, check=False)  # noqa: S603 - no user's text
    return asked.returncode == 0


def test_the_page_lists_every_code_that_an_event_is_parked_by_and_no_other() -> None:
    """A producer finds only the code in the dead-letter queue."""
    rows = re.findall(r"^\| (`.+?) \|", AFTER_CLI.partition("| code |")[2], re.MULTILINE)

    listed = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert {code for _, code in BAD.values()} == listed


def test_the_page_says_the_limits_and_fields_that_the_code_has() -> None:
    """A number on a page is believed for years."""
    for said in (
        f"with all its fields | {envelope.MAX_EVENT_BYTES:,} bytes |",
        f"levels of nesting | {MAX_DEPTH} |",
        f"entries of one call | {bus_store.MAX_BATCH} |",
        f"1 to {MAX_ID_CHARS} printable",
        f"at most {envelope.MAX_TOPIC_CHARS} characters",
        f"a text of 1 to {envelope.MAX_IDENTIFIER_CHARS} characters",
        f"at most {envelope.MAX_HOPS} |",
        f"| `Source` | `{envelope.SOURCE}`.",
    ):
        assert said in PAGE
    table = PAGE.partition("| field of `Detail` |")[2].partition("No other field")[0]
    fields = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert fields == Event.__dataclass_fields__.keys()


def test_the_policy_permits_what_a_producer_does_and_no_more() -> None:
    """It is copied into roles."""
    text = PAGE.partition("## The permission")[2].partition("```json\n")[2].partition("```")[0]

    [statement] = json.loads(text)["Statement"]
    assert ("Allow", "events:PutEvents") == (statement["Effect"], statement["Action"])
    assert statement["Resource"].endswith(f":event-bus/{BUS}")
    assert {"StringEquals": {"events:source": envelope.SOURCE}} == statement["Condition"]
