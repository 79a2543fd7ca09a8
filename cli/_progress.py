"""Shows on standard error how far a long piece of work is.

A terminal has a bar that changes in its place and goes away at the end. Elsewhere a line says it
every few seconds, so that a log shows that something still happens.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from cli import _terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_S: Final = 5.0  # between two lines where there is no terminal


class Work(Protocol):
    """A piece of work that is under way."""

    def advance(self, steps: int = 1) -> None:
        """So many more steps are done."""

    def say(self, text: str) -> None:
        """Show what is done now; called often, and cheap."""


@contextmanager
def progress(
    label: str, *, total: int | None = None, beside_results: bool = False, has_lines: bool = False
) -> Iterator[Work]:
    """Show how far the work in this block is.

    Args:
        label: what is done, such as `sending`.
        total: the steps of the whole work; None when nobody knows.
        beside_results: the work prints its results as they come. Where a terminal shows them, they
            are the progress, and a bar would be drawn into them.
        has_lines: the work writes a line for each of its steps itself.
    """
    if beside_results and sys.stdout.isatty():
        yield _Quiet()
        return
    if not _terminal.is_terminal(sys.stderr):
        yield _Quiet() if has_lines else _Lines(label, total)
        return
    from rich import progress as rich

    steps = () if total is None else (rich.BarColumn(), rich.MofNCompleteColumn())
    with rich.Progress(
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}", markup=False),
        *steps,
        rich.TimeElapsedColumn(),
        console=_terminal.console(sys.stderr),
        transient=True,
        redirect_stdout=False,  # results are no progress
    ) as bars:
        yield _Bar(bars, bars.add_task(_terminal.shown(label), total=total), label)


class _Bar:
    """The work on a terminal."""

    def __init__(self, bars: "Progress", task: "TaskID", label: str) -> None:
        self._bars = bars
        self._task = task
        self._label = label

    def advance(self, steps: int = 1) -> None:
        self._bars.advance(self._task, steps)

    def say(self, text: str) -> None:
        self._bars.update(self._task, description=_terminal.shown(f"{self._label}: {text}"))


class _Quiet:
    """The work that can be seen without us."""

    def advance(self, steps: int = 1) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""


class _Lines:
    """The work in a log."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._said_s = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        self.say(f"{self._done}" if self._total is None else f"{self._done} of {self._total}")

    def say(self, text: str) -> None:
        if time.monotonic() - self._said_s >= QUIET_S:
            self._said_s = time.monotonic()
            sys.stderr.write(f"{_terminal.shown(f'{self._label}: {text}')}\n")
            sys.stderr.flush()
