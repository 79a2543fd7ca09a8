"""`penstock functions versions|diff|publish|rollback|canary|releases`."""

import os
import pty
import re
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command, Ran


@pytest.fixture
def vip(penstock: Command) -> Command:
    """The command, with a function of two versions, the first of them live."""
    for number in (1, 2):
        source = f"def handler(event):\n    return {number}\n"
        (penstock.folder / "vip.py").write_text(source)
        publish = ["--publish"] if number == 1 else []
        assert penstock("functions", "push", "vip.py", *publish).code == 0
    return penstock


def test_versions_are_listed_with_what_becomes_of_them(vip: Command) -> None:
    """The newest first: live, on trial, deleted, or none of these."""
    for number in (3, 4):
        vip.write("vip.py", f"def handler(event):\n    return {number}\n")
        vip("functions", "push", "vip.py")
    vip("functions", "canary", "start", "vip", "3")
    vip("functions", "versions", "delete", "vip", "2")

    shown = vip("functions", "versions", "list", "vip")
    listed = vip("functions", "versions", "list", "vip", "--json").json["data"]

    states = [(4, None), (3, "canary"), (2, "deleted"), (1, "live")]
    assert states == [(each["version"], each["state"]) for each in listed]
    assert ["4", "-"] == shown.out.splitlines()[1].split()[:2]
    assert re.search(r"^1        live     2", shown.out, re.MULTILINE)


def test_a_version_is_shown_with_its_source(vip: Command) -> None:
    """As it was pushed."""
    shown = vip("functions", "versions", "show", "vip", "1")

    assert shown.out.endswith("\ndef handler(event):\n    return 1\n\n")


def test_a_diff_is_unified(vip: Command) -> None:
    """For people, and as a document."""
    shown = vip("functions", "diff", "vip", "1", "2")
    lines = [
        "--- vip version 1",
        "+++ vip version 2",
        "@@ -1,2 +1,2 @@",
        " def handler(event):",
        "-    return 1",
        "+    return 2",
    ]

    assert (0, lines) == (shown.code, shown.out.splitlines())
    assert lines == vip("functions", "diff", "vip", "1", "2", "--json").json["diff"]


def test_a_diff_with_a_file_shows_what_a_push_would_bring(vip: Command) -> None:
    """Nothing, as long as nothing was changed."""
    same = vip("functions", "diff", "vip", "2", "--local", "vip.py")
    Path(vip.folder / "vip.py").write_text("def handler(event):\n    return 3\n")
    other = vip("functions", "diff", "vip", "2", "--local", "vip.py")

    assert "(no difference)\n" == same.out
    assert "+++ vip.py" in other.out
    assert "+    return 3" in other.out


def test_a_diff_shows_that_a_file_lost_the_end_of_its_last_line(vip: Command) -> None:
    """As every diff does; the last lines are not the same."""
    vip.write("vip.py", "def handler(event):\n    return 2")

    shown = vip("functions", "diff", "vip", "2", "--local", "vip.py").out.splitlines()

    assert shown[-3:] == ["-    return 2", "+    return 2", "\\ No newline at end of file"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["1"], 2), (["1", "1"], 2), (["1", "2", "--local", "vip.py"], 2), (["1", "9"], 1)],
)
def test_a_diff_needs_two_sides(vip: Command, arguments: list[str], code: int) -> None:
    """And says so."""
    refused = vip("functions", "diff", "vip", *arguments)

    assert (code, "") == (refused.code, refused.out)
    assert "version" in refused.err


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_shows_a_diff_in_colours(vip: Command, no_color: str, coloured: bool) -> None:  # noqa: FBT001 - a table's column
    """Unless its user wants none."""
    ours, theirs = pty.openpty()
    try:
        done = _on(theirs, vip, "functions", "diff", "vip", "1", "2", NO_COLOR=no_color)
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert done == 0
    assert ("\x1b[31m-    return 1\x1b[0m" in shown) == coloured


def test_the_way_from_a_release_to_a_rollback(vip: Command) -> None:
    """Each verb says what runs then, and the log says all of it."""
    said = [
        vip("functions", *words.split()).out
        for words in (
            "canary start vip 2 --percent 25",
            "canary stop vip",
            "publish vip",
            "rollback vip",
            "canary start vip 2",
            "canary promote vip",
        )
    ]

    assert said == [
        "vip now runs version 1, and version 2 on 25 % of the events\n",
        "vip now runs version 1\n",
        "vip now runs version 2\n",
        "vip now runs version 1\n",
        "vip now runs version 1, and version 2 on 10 % of the events\n",
        "vip now runs version 2\n",
    ]
    log = vip("functions", "releases", "vip", "--json").json["data"]
    assert [each["kind"] for each in reversed(log)] == [
        "published",
        "canary_started",
        "canary_stopped",
        "published",
        "rolled_back",
        "canary_started",
        "canary_promoted",
    ]
    assert "canary_promoted" in vip("functions", "releases", "vip").out


def test_a_trial_is_shown(vip: Command) -> None:
    """Or that there is none."""
    assert "(none)\n" == vip("functions", "canary", "show", "vip").out
    vip("functions", "canary", "start", "vip", "2", "--percent", "5")

    assert 5 == vip("functions", "canary", "show", "vip", "--json").json["canary"]["percent"]
    nothing = {"live_runs": 0, "live_failures": 0, "canary_runs": 0, "canary_failures": 0}
    assert nothing == vip("functions", "canary", "show", "vip", "--json").json["counts"]
    assert "canary_failures" in vip("functions", "canary", "show", "vip").out


@pytest.mark.parametrize(
    "words",
    [
        "canary start vip 2 --percent 101",
        "canary start vip 9",
        "canary stop vip",
        "rollback vip",
        "rollback vip --to 9",
        "publish vip --version 9",
        "versions delete vip 1",
        "versions show vip 9",
        "releases nobody",
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_1(vip: Command, words: str) -> None:
    """No traceback."""
    refused: Ran = vip("functions", *words.split())

    assert (1, "") == (refused.code, refused.out)
    assert refused.err.startswith("penstock: ")
    assert 1 == refused.err.count("\n")


@pytest.mark.parametrize("option", ["--percent nan", "--margin inf", "--margin -inf"])
def test_what_is_no_number_is_wrong_usage(vip: Command, option: str) -> None:
    """No traceback, and nothing is sent."""
    refused = vip("functions", "canary", "start", "vip", "2", *option.split(), "--json")

    assert (2, "usage") == (refused.code, refused.json["error"]["code"])


def test_settings_that_json_cannot_express_are_wrong_usage(vip: Command) -> None:
    """TOML has `nan` and `inf`; JSON has neither."""
    vip.write("penstock.toml", "[functions.vip]\nlimits = { wall_s = inf }\n")

    refused = vip("functions", "push", "vip.py")

    assert 2 == refused.code
    assert refused.err.startswith("penstock: ")
    assert 1 == refused.err.count("\n")


def test_a_source_that_is_pushed_again_says_which_version_it_is(vip: Command) -> None:
    """And makes no other."""
    again = vip("functions", "push", "vip.py")

    assert again.out.startswith("vip version 2 has this source already (engine ")
    assert again.out.endswith("); `penstock functions publish vip --version 2` makes it live\n")
    assert [2, 1] == [
        each["version"]
        for each in vip("functions", "versions", "list", "vip", "--json").json["data"]
    ]


def test_the_source_of_the_live_version_is_live(vip: Command) -> None:
    """A push that changes nothing does not ask for a publish."""
    vip.write("vip.py", "def handler(event):\n    return 1\n")

    assert vip("functions", "push", "vip.py").out.endswith("), and it is live\n")
    assert vip("functions", "push", "vip.py", "--json").json["live"] is True


def test_a_version_is_deleted_for_good(vip: Command) -> None:
    """It stays in the list, without its source."""
    assert 0 == vip("functions", "versions", "delete", "vip", "2").code

    refused = vip("functions", "diff", "vip", "1", "2", "--json")
    assert (1, "version_deleted") == (refused.code, refused.json["error"]["code"])


def _on(terminal: int, command: Command, *arguments: str, **environment: str) -> int:
    """Run the command with its standard output on a terminal; returns its exit code."""
    import subprocess
    import sys

    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=command.folder,
        env={**command.environment, **environment},
        stdout=terminal,
        check=False,
        timeout=60,
    ).returncode
