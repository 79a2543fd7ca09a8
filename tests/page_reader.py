"""Follows a page: does its steps in a folder, and compares what happens with what it shows.

What must differ from run to run matches by its kind (`KINDS`); an ellipsis matches anything. All
else must be as the page says.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.build.venvs import CONTRACT
from infra.demo.patience import Patience
from tests.pages import CommandStep, FileStep, PageFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.pages import Step

# What a value looks like that no two runs share. A page shows one, and any other will do.
KINDS: Final = {
    "id": r"\b[a-z]{3}_(?:[a-z2-7]{26}|[a-z2-7]{24})\b",  # a key's id is the shorter one
    "time": r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "moment": r"\b1[0-9]{12}\b",  # milliseconds since 1970
    "hash": r"\b[0-9a-f]{64}\b",
    "duration": r"\b\d+(?:\.\d+)?(?= m?s\b|  (?:wasm|restricted)\b)|(?<=_ms\": )\d+(?:\.\d+)?",
    "memory": r"(?<=\"memory_mb\": )\d+(?:\.\d+)?",
    "address": r"\bhttp://127\.0\.0\.1:\d+\b",
    "isolation": r"\b(?:seccomp|rlimit)\b",
    "secret": r"\bwhsec_[A-Za-z0-9+/]{43}=",
    "rest": "…",
}
_COPIED: Final = frozenset(
    {"id", "address", "secret"}
)  # kinds that a reader copies into later commands
_VALUE: Final = re.compile("|".join(f"(?P<{name}>{kind})" for name, kind in KINDS.items()))
_COPIED_VALUE: Final = re.compile("|".join(KINDS[name] for name in sorted(_COPIED)))
# Variables that the reader's shell does not have: the connection of this machine, and what `make`
# tells the `make` that it starts, which then prints the folders that it enters.
_NOT_OWN: Final = ("PENSTOCK_", "MAKE", "MFLAGS")
_COMMAND_S: Final = 180.0  # for one command, which may wait for a replay to begin
# For a command that is repeated until it shows what the page says: a replay begins in a minute
# or two.
_PATIENCE_S: Final = 150.0


@dataclass(slots=True, kw_only=True)
class Reader:
    """Somebody who follows a page in a folder, and does nothing that the page does not say."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)  # variables that only he has
    patience_s: float = _COMMAND_S  # for one command
    # The value that this run has in place of each id and address that the page shows.
    copied: dict[str, str] = field(default_factory=dict)
    # The process groups of the commands that go on in the background.
    _groups: list[int] = field(default_factory=list)

    def follow(self, page: tuple[Step, ...]) -> None:
        """Do each step in turn; end what still runs in the background afterwards.

        Raises:
            PageFault: a command shows anything else than the page does, or ends with another code.
        """
        try:
            for step in page:
                match step:
                    case FileStep():
                        self._write(step)
                    case CommandStep():
                        self._run(step)
        finally:
            for group in self._groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def _write(self, step: FileStep) -> None:
        path = self.folder / step.name
        text = self._with_own_values(step.text, at=step.at)
        if step.replaces is not None:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            lines[step.replaces - 1] = text
            text = "".join(lines)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _run(self, step: CommandStep) -> None:
        command = self._with_own_values(step.command, at=step.at)
        shown, exit_code = "", 0

        def shows_it() -> bool:
            nonlocal shown, exit_code
            shown, exit_code = self._output(command)
            return exit_code == step.exit_code and self._matches(step, shown)

        patience = Patience(_PATIENCE_S if step.is_repeated else 0.0)
        if not patience.until(shows_it):
            diff = difflib.unified_diff(
                step.shows, shown.splitlines(), "the page", "what happened", lineterm=""
            )
            ended = f"it ended with {exit_code}"
            raise PageFault("\n".join([f"line {step.at}: $ {command}", *diff, ended]))

    def _with_own_values(self, text: str, *, at: int) -> str:
        def own(match: re.Match[str]) -> str:
            if match[0] not in self.copied:
                raise PageFault(f"line {at}: no command above shows {match[0]}")
            return self.copied[match[0]]

        return _COPIED_VALUE.sub(own, text)

    def _output(self, command: str) -> tuple[str, int]:
        """What a command prints until it ends or goes on in the background, and its exit code."""
        ours = (Path(sys.executable).parent, CONTRACT.path / "bin")
        programs = os.pathsep.join([*map(str, ours), os.environ["PATH"]])
        own = {name: text for name, text in os.environ.items() if not name.startswith(_NOT_OWN)}
        with tempfile.TemporaryFile() as screen:
            process = subprocess.Popen(  # noqa: S603 - the page's own command
                ["bash", "-c", command],  # noqa: S607 - whichever is installed
                cwd=self.folder,
                env={**own, "PATH": programs, "COLUMNS": "100", **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            if command.endswith("&"):
                self._groups.append(process.pid)
            exit_code = _exit_code(process, within_s=self.patience_s)
            screen.seek(0)
            return screen.read().decode(), exit_code

    def _matches(self, step: CommandStep, shown: str) -> bool:
        new_values: dict[str, str] = {}  # the name of the group that matches each new value
        pattern = "".join(self._line(line, new_values) for line in step.shows)
        text = "".join(f"{_columns(line)}\n" for line in shown.splitlines())
        match = re.fullmatch(pattern, text)
        if match is not None:
            self.copied |= {value: match[group] for value, group in new_values.items()}
        return match is not None

    def _line(self, line: str, new_values: dict[str, str]) -> str:
        if line.strip() == "…":
            return r"(?:.*\n)*?"
        text, pattern, end = _columns(line), "", 0
        for value in _VALUE.finditer(text):
            pattern += re.escape(text[end : value.start()]) + self._value(value, new_values)
            end = value.end()
        return pattern + re.escape(text[end:]) + r"\n"

    def _value(self, value: re.Match[str], new_values: dict[str, str]) -> str:
        kind, text = str(value.lastgroup), value[0]
        if kind == "rest":
            return ".*"
        if kind not in _COPIED:
            return f"(?:{KINDS[kind]})"
        if text in self.copied:
            return re.escape(self.copied[text])
        if text in new_values:
            return f"(?P={new_values[text]})"
        group = new_values[text] = f"copied_{len(new_values)}"
        return f"(?P<{group}>{KINDS[kind]})"


def _columns(line: str) -> str:
    """The line with two blanks between columns, however wide the values in them are."""
    return re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())


def _exit_code(process: subprocess.Popen[bytes], *, within_s: float) -> int:
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
