"""`penstock functions test --watch`: the cases again after each change."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.cases import watch
from tests.unit.cli.conftest import Command

CASE = '{"event": {"topic": "metric.x"}, "expect": {"output": %d}}'


class Scripted:
    """A suite and a wait: the wait does the next thing, and presses Ctrl-C when none is left."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        self.happenings = list(happenings)
        self.runs = 0

    def suite(self) -> int:
        """Count a run; its exit code is its number."""
        self.runs += 1
        return self.runs

    def wait(self, _seconds: float) -> None:
        """Let something happen meanwhile."""
        if not self.happenings:
            raise KeyboardInterrupt
        self.happenings.pop(0)()


def touched(path: Path) -> None:
    """Give a file a later time, whatever the clock's grain."""
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))


def replace(path: Path, text: str) -> None:
    """Put another text into a file in one step, as an editor does."""
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(path)


def test_the_suite_runs_again_after_each_change_and_not_without_one(tmp_path: Path) -> None:
    """A change is any: of the source, of a case, of the settings; or a file that comes or goes."""
    source, case = tmp_path / "f.py", tmp_path / "cases" / "a.json"
    case.parent.mkdir()
    source.write_text("", "utf-8")
    script = Scripted(
        lambda: None,
        lambda: touched(source),
        lambda: case.write_text("{}", "utf-8"),
        lambda: None,
        lambda: touched(case),
        case.unlink,
        lambda: (tmp_path / "penstock.toml").write_text("", "utf-8"),
        lambda: None,
    )

    assert 6 == watch.watch(script.suite, tmp_path, wait=script.wait, announce=print)
    assert 6 == script.runs


def test_what_no_case_reads_starts_no_run(tmp_path: Path) -> None:
    """An editor's own files change all the time."""
    (tmp_path / ".git").mkdir()
    script = Scripted(
        lambda: (tmp_path / "notes.txt").write_text("x", "utf-8"),
        lambda: (tmp_path / ".git" / "x.py").write_text("x", "utf-8"),
        lambda: (tmp_path / "f.py.swp").write_text("x", "utf-8"),
    )

    assert 1 == watch.watch(script.suite, tmp_path, wait=script.wait, announce=print)


def test_a_change_during_a_run_leads_to_another(tmp_path: Path) -> None:
    """Else the last thing shown would be about a file that is no more."""
    source = tmp_path / "f.py"
    source.write_text("", "utf-8")
    script = Scripted()

    def suite() -> int:
        if script.runs == 0:
            touched(source)
        return script.suite()

    assert 2 == watch.watch(suite, tmp_path, wait=script.wait, announce=print)


@pytest.mark.parametrize("last", ["mended", "broken"])
def test_the_command_watches_until_ctrl_c(penstock: Command, last: str) -> None:
    """A case that cannot be read is said and waited for, and the exit code is the last run's."""
    penstock.write("f.py", "def handler(event):\n    return 1\n")
    case = penstock.folder / "cases" / "a.json"
    penstock.write("cases/a.json", CASE % 2)
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "cli.main", "functions", "test", ".", "--watch",
         "--engine", "restricted"],
        cwd=penstock.folder,
        env=penstock.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None

    def seen(words: str) -> bool:
        assert process.stdout is not None
        return any(words in line for line in process.stdout)

    with process:
        assert seen("0 passed, 1 failed")
        assert seen("watching")
        replace(case, "{")
        assert seen("a.json is not taken")
        assert seen("watching")
        replace(case, CASE % (1 if last == "mended" else 22))
        assert seen("1 passed, 0 failed" if last == "mended" else "0 passed, 1 failed")
        assert seen("watching")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert (0 if last == "mended" else 1) == process.wait(timeout=30)

    assert "Traceback" not in rest
