"""What the local cloud's emulator keeps: nothing that it has answered for is lost."""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from infra.local.ministack_journal import Durable, Journal

ROOT = Path(__file__).parents[3]
MESSAGE = ("message", "queue", "m1")
# Writes without end, and says of each number that it is kept, as soon as it is.
WRITER = """
import sys
from pathlib import Path
from infra.local.ministack_journal import Journal
journal = Journal(file=Path(sys.argv[1]))
for number in range(10**9):
    journal.put(("item", "left", str(number)), number)
    journal.put(("item", "right", str(number)), number)
    journal.flush()
    print(number, flush=True)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in a folder of its own."""
    made = Journal(file=tmp_path / "journal.sqlite")
    yield made
    made.close()


def reopened(journal: Journal) -> Journal:
    """The journal, as the next process finds it."""
    journal.close()
    return Journal(file=journal.file)


def test_what_is_kept_comes_back_as_it_was(journal: Journal) -> None:
    """An object's bytes, an item's text and a position's number are different things."""
    values = [
        {"body": b"\0\xff", "size": 2},
        {"pk": {"S": "ä\0"}},
        17,
        None,
        {"body": "text"},
    ]
    for number, value in enumerate(values):
        journal.put(("item", "table", str(number)), value)
    journal.flush()

    found = list(reopened(journal).kept("item"))

    assert [("table", str(number), value) for number, value in enumerate(values)] == found


def test_messages_come_back_in_their_order_and_deleted_ones_do_not(journal: Journal) -> None:
    """A message that was received again, and so was written again, is still the first in line."""
    for name in ("m1", "m2", "m3"):
        journal.put(("message", "queue", name), {"receive_count": 0})
    journal.flush()
    journal.put(MESSAGE, {"receive_count": 1})
    journal.drop(("message", "queue", "m2"))
    journal.flush()

    found = list(reopened(journal).kept("message"))

    assert [("queue", "m1", {"receive_count": 1}), ("queue", "m3", {"receive_count": 0})] == found


def test_a_deleted_place_takes_all_of_itself_along(journal: Journal) -> None:
    """A table that is made again under the name of a deleted one is empty."""
    journal.put(("item", "table", "a"), 1)
    journal.put(("item", "other", "a"), 2)
    journal.flush()
    journal.put(("item", "table", "b"), 3)
    journal.forget("item", "table")
    journal.put(("item", "table", "c"), 4)
    journal.flush()

    assert [("other", "a", 2), ("table", "c", 4)] == list(reopened(journal).kept("item"))


def test_a_value_is_kept_as_it_is_when_it_is_written(journal: Journal) -> None:
    """Ministack gives an object its version after it has stored it."""
    stored: dict[str, Any] = {"body": b"x"}
    journal.put(("object", "bucket", "a"), stored)
    stored["version_id"] = "v1"
    journal.flush()

    assert [("bucket", "a", {"body": b"x", "version_id": "v1"})] == list(journal.kept("object"))


def test_somebody_is_woken_once_for_all_that_waits(journal: Journal) -> None:
    """What changes outside a request must be written, too, and not by one wake-up a change."""
    woken: list[int] = []
    journal.wake = lambda: woken.append(1)

    journal.put(MESSAGE, {})
    journal.drop(("message", "queue", "m2"))
    assert 1 == len(woken)
    journal.flush()
    journal.put(MESSAGE, {})
    assert 2 == len(woken)


@pytest.mark.parametrize("after", [1, 40, 200])
def test_a_process_that_is_killed_loses_nothing_that_it_has_answered_for(
    tmp_path: Path, after: int
) -> None:
    """And what belongs together is there as a whole or not at all."""
    file = tmp_path / "journal.sqlite"
    writer = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", WRITER, str(file)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert writer.stdout is not None
    with writer.stdout as output:
        for _ in range(after):
            output.readline()
        writer.kill()
        answered = after + len(output.read().splitlines())
    writer.wait()

    kept = list(Journal(file=file).kept("item"))

    left = [value for place, _, value in kept if place == "left"]
    assert left == [value for place, _, value in kept if place == "right"]
    assert left == list(range(len(left)))
    assert answered <= len(left) <= answered + 1


@contextmanager
def full_disk(journal: Journal) -> Iterator[None]:
    """No file grows beyond what the journal has."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in journal.file.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_and_keeps_no_half(journal: Journal) -> None:
    """What could not be written is written as soon as there is room again."""
    journal.put(("item", "table", "before"), 1)
    journal.flush()
    journal.put(("item", "table", "small"), 2)
    journal.put(("item", "table", "large"), "x" * 100_000)

    with full_disk(journal), pytest.raises(sqlite3.Error):
        journal.flush()
    assert [("table", "before", 1)] == list(journal.kept("item"))
    journal.put(("item", "table", "small"), 3)
    journal.flush()

    found = {key: value for _, key, value in journal.kept("item")}
    assert {"before": 1, "small": 3, "large": "x" * 100_000} == found


async def _answer(scope: Any, journal: Journal, notes: list[str]) -> list[Any]:
    """What the caller of an application hears that keeps a large item and answers 200."""
    heard: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        journal.put(("item", "table", "large"), "x" * 100_000)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done", "more_body": False})

    async def receive() -> Any:
        raise AssertionError("nobody reads the request")

    async def send(message: Any) -> None:
        heard.append(message)
        if message.get("status") == 200:
            assert [("table", "large", "x" * 100_000)] == list(journal.kept("item"))

    await Durable(app=app, journal=journal, note=notes.append)(scope, receive, send)
    return heard


def test_an_answer_leaves_only_after_its_change_is_kept(journal: Journal) -> None:
    """Otherwise a kill between the two would lose an event that its producer has put aside."""
    heard = asyncio.run(_answer({"type": "http"}, journal, []))

    assert [200, b"done"] == [heard[0]["status"], heard[1]["body"]]


def test_with_a_full_disk_the_caller_is_asked_to_try_again(journal: Journal) -> None:
    """It hears no "done" of what is not kept, and the log says what is wrong."""
    notes: list[str] = []

    with full_disk(journal):
        start, body = asyncio.run(_answer({"type": "http"}, journal, notes))

    assert 503 == start["status"]
    refusal = json.loads(body["body"])  # for clients of AWS, and for those of the API
    assert ("ServiceUnavailable", "journal_not_written") == (refusal["__type"], refusal["code"])
    assert "disk full" in refusal["detail"]
    assert [True] == ["cannot be written" in note for note in notes]


class PulledPlug:
    """A journal of many changes, as the disk had it when the power was cut.

    `ends` has the bytes of the log of changes after each change, from none on.
    """

    def __init__(self, folder: Path) -> None:
        journal = Journal(file=folder / "journal.sqlite")
        self.log = folder / "journal.sqlite-wal"
        self.ends = [self.log.stat().st_size]
        for number in range(12):
            journal.put(("item", "left", str(number)), "x" * 700 * number)
            journal.put(("item", "right", "all"), number)
            journal.flush()
            self.ends.append(self.log.stat().st_size)
        self.database = journal.file.read_bytes()
        self.changes = self.log.read_bytes()
        journal.close()

    def after(self, changes: int) -> list[tuple[str, str, object]]:
        """What is kept after so many changes."""
        left = [("left", str(number), "x" * 700 * number) for number in range(changes)]
        right = [("right", "all", changes - 1)] if changes else []
        return sorted([*left, *right], key=str)


@pytest.fixture(scope="module")
def plug(tmp_path_factory: pytest.TempPathFactory) -> PulledPlug:
    """Made once: cutting it costs less than writing it."""
    return PulledPlug(tmp_path_factory.mktemp("plug"))


@settings(max_examples=60)
@given(data=st.data())
def test_a_power_cut_at_any_byte_leaves_every_change_that_is_whole(
    plug: PulledPlug, data: st.DataObject
) -> None:
    """The torn one is dropped as a whole and named, also when the disk has garbage in its place."""
    cut = data.draw(st.integers(0, len(plug.changes)), label="bytes that the disk has")
    garbage = data.draw(st.binary(max_size=5_000), label="garbage after them")
    assume(not garbage or not plug.changes[cut:].startswith(garbage[:1]))
    whole = max(number for number, end in enumerate(plug.ends) if end <= cut or not number)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.sqlite"
        file.write_bytes(plug.database)
        file.with_name("journal.sqlite-wal").write_bytes(plug.changes[:cut] + garbage)

        journal = Journal(file=file)

        found, torn_bytes = sorted(journal.kept("item"), key=str), journal.torn_bytes
        journal.put(("item", "new", "a"), 1)
        journal.flush()
        journal.close()
        later = Journal(file=file)
        kept_on = sorted(later.kept("item"), key=str)
        later.close()
    assert plug.after(whole) == found
    assert sorted([*found, ("new", "a", 1)], key=str) == kept_on
    if not garbage and cut >= plug.ends[0]:
        assert cut - plug.ends[whole] == torn_bytes


def test_a_journal_that_was_closed_or_left_whole_has_nothing_torn(journal: Journal) -> None:
    """A warning each morning would be read by nobody when it matters."""
    assert 0 == journal.torn_bytes
    journal.put(MESSAGE, {"body": "x" * 10_000})
    journal.flush()
    beside = Journal(file=journal.file)
    beside.close()

    assert 0 == beside.torn_bytes
    assert 0 == reopened(journal).torn_bytes
