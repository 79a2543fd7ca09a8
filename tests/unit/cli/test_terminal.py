"""What a terminal is shown: tables that fit, colours, and bars; and that a pipe gets none of it."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import _output, _terminal
from runtime.core.deliveries.delivery import Status
from tests.builders import a_delivery
from tests.unit.cli.conftest import Command

WIDTH: Final = 60
COLOURS: Final = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
ORDERS: Final = [{"id": f"evt-{number}", "topic": "metric.x"} for number in range(250)]


def on_terminal(
    penstock: Command, *words: str, stdin: str = "", columns: int = WIDTH, **environment: str
) -> tuple[str, str]:
    """What the command shows on standard output and standard error, each a terminal."""
    out, err = pty.openpty(), pty.openpty()
    for _, slave in (out, err):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *words],
        cwd=penstock.folder,
        env={**penstock.environment, "TERM": "xterm", **environment},
        stdin=subprocess.PIPE,
        stdout=out[1],
        stderr=err[1],
    ) as process:
        for _, slave in (out, err):
            os.close(slave)
        assert process.stdin is not None
        process.stdin.write(stdin.encode())
        process.stdin.close()
        said = _read(out[0]), _read(err[0])
    assert 0 == process.returncode, said
    return said


def _read(master: int) -> str:
    parts = []
    with contextlib.suppress(OSError), contextlib.closing(os.fdopen(master, "rb", 0)) as stream:
        while part := stream.read(65536):  # a terminal whose other end is closed raises
            parts.append(part)
    return b"".join(parts).decode()


@pytest.fixture
def listing(penstock: Command) -> tuple[str, ...]:
    """A listing of two deliveries whose ids are wider than the terminal."""
    for status in (Status.DELIVERED, Status.DEAD):
        penstock.api.cloud.deliveries.add(
            a_delivery(
                id=f"dlv_{status}_{'x' * 70}_{penstock.api.tenant}",
                tenant=penstock.api.tenant,
                status=status,
                due_at_ms=None,
            )
        )
    return ("deliveries", "list")


def test_a_terminal_is_shown_whole_ids_and_coloured_words(
    penstock: Command, listing: tuple[str, ...]
) -> None:
    """An id that is cut or broken cannot be copied into the next command."""
    ids = [each["id"] for each in penstock(*listing, "--json").json["data"]]

    shown, _ = on_terminal(penstock, *listing)

    assert all(each in shown for each in ids)
    assert "\x1b[32mdelivered" in shown
    assert "\x1b[31mdead" in shown


def test_no_color_leaves_the_table_and_takes_the_colours(
    penstock: Command, listing: tuple[str, ...]
) -> None:
    """https://no-color.org/."""
    shown, _ = on_terminal(penstock, *listing, NO_COLOR="1")

    assert "delivered" in shown
    assert not COLOURS.search(shown)


def test_a_dumb_terminal_and_a_pipe_get_the_same_plain_text(
    penstock: Command, listing: tuple[str, ...]
) -> None:
    """An editor's shell obeys no commands, and a script must find the same bytes tomorrow."""
    shown, _ = on_terminal(penstock, *listing, TERM="dumb")
    piped = penstock(*listing).out

    assert piped == shown.replace("\r\n", "\n")
    assert "\x1b" not in piped
    assert "\x1b[32mdelivered" in penstock(*listing, FORCE_COLOR="1", TERM="xterm").out


def test_one_json_document_is_the_same_on_a_terminal(
    penstock: Command, listing: tuple[str, ...]
) -> None:
    """`--json` is for programs, whatever reads it."""
    shown, said = on_terminal(penstock, *listing, "--json", FORCE_COLOR="1")

    assert penstock(*listing, "--json").json == json.loads(shown)
    assert not said


def test_a_name_is_no_markup(penstock: Command) -> None:
    """What a tenant has called `[red]` is shown as it is."""
    made = penstock(
        *("webhooks", "create", "--url", "https://hooks.example.com/x", "--topic", "metric.*"),
        *("--name", "[red]loud[/red] :boom:", "--json"),
    ).json

    for words in (("list",), ("show", made["id"])):
        shown, _ = on_terminal(penstock, "webhooks", *words, columns=250)

        assert "[red]loud[/red] :boom:" in shown


def test_what_would_command_a_terminal_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A receiver's answer must not be able to repaint the table that it stands in."""
    text = "a\x1b[2J\x1b[31m\rb\x9bc"

    _terminal.draw_record({"answer": text})
    _terminal.draw_table([_terminal.Column(name="answer", cells=[text])])

    _output.say(text)

    out = capsys.readouterr().out
    assert 3 == out.count(r"a\x1b[2J\x1b[31m\x0db\x9bc")
    assert not COLOURS.search(out)


def test_a_terminal_has_a_bar_and_a_pipe_none(penstock: Command) -> None:
    """Who waits for thousands of events wants to see how far they are."""
    events = "\n".join(map(json.dumps, ORDERS))

    shown, bar = on_terminal(penstock, "events", "send", "-", stdin=events, columns=120)
    piped = penstock("events", "send", "-", stdin=events)

    assert "sending" in bar
    assert f"{len(ORDERS)}/{len(ORDERS)}" in bar
    assert "sending" not in shown
    assert "\x1b" not in piped.err  # a slow machine gets a line every few seconds
    _, dumb = on_terminal(penstock, "events", "send", "-", stdin=events, TERM="dumb")
    assert "\x1b" not in dumb


WORDS = st.text(alphabet="abcxyz_-é漢[]", min_size=1, max_size=50)


@settings(max_examples=40, deadline=None)
@given(
    ids=st.lists(WORDS, min_size=1, max_size=3),
    notes=st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=3, max_size=3),
    width=st.integers(1, 200),
)
def test_no_table_breaks_a_word_however_narrow_the_terminal_is(
    ids: list[str], notes: list[str], width: int
) -> None:
    """Words stay whole for copying; only texts of several words take several lines."""
    columns = [
        _terminal.Column(name="id", cells=ids),
        _terminal.Column(name="note", cells=notes[: len(ids)]),
    ]
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("COLUMNS", str(width))
        _terminal.draw_table(columns)

    for word in [*ids, *(word for note in notes[: len(ids)] for word in note.split())]:
        assert word in out.getvalue()
