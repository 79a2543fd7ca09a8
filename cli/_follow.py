"""Shows the rows of a listing as they come and change."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from cli import _numbers, _output
from cli.client import Client

EVERY_S: Final = 2.0
WINDOW: Final = timedelta(minutes=10)  # a row older than this is not watched any more
LIMIT: Final = 1000  # rows a look; who has more in ten minutes must choose
ForS = Annotated[float | None, _numbers.duration(text="Stop after so long; else by Ctrl-C.")]


def tail(
    rows: Iterator[Mapping[str, Any]],
    *,
    lines: Callable[[Mapping[str, Any]], Iterable[str]],
    as_json: bool,
) -> None:
    """Print the lines of each row as it comes, until Ctrl-C; as JSON, all rows at the end."""
    printed = list[Mapping[str, Any]]()
    typer.echo("watching; Ctrl-C ends it", err=True)
    try:
        for row in rows:
            printed.append(row)
            for line in () if as_json else lines(row):
                _output.say(line)
    except KeyboardInterrupt:  # this is how a user ends it
        pass
    if as_json:
        _output.print_json({"data": printed})


@dataclass(slots=True, kw_only=True)
class Window:
    """The rows of a listing that are recent enough to change still."""

    api: Client
    path: str  # of the listing, which gives the newest first and takes `since`
    query: Mapping[str, Any]  # what else it takes
    began: datetime  # the time from which on rows count
    _since: datetime | None = None  # from where the next look reads; None: from `began`
    _rows_before: Mapping[str, Any] = field(
        default_factory=dict
    )  # as the last look saw them, by id

    def look(self) -> list[Mapping[str, Any]]:
        """Each row that is new or has changed since the last look, the oldest first."""
        since = self._since or self.began
        query = {**self.query, "since": since.isoformat(timespec="milliseconds")}
        rows = list(self.api.each(self.path, query, limit=LIMIT))
        changed = [row for row in reversed(rows) if self._rows_before.get(row["id"]) != row]
        self._rows_before = {row["id"]: row for row in rows}
        self._since = max(self.began, datetime.now(UTC) - WINDOW)
        return changed


def changes(
    api: Client, path: str, query: Mapping[str, Any], *, began: datetime, for_s: float | None
) -> Iterator[Mapping[str, Any]]:
    """Each row since `began` when it first appears, and again whenever it has changed.

    Args:
        api: where the listing is.
        path: of the listing, which gives the newest first and takes `since`.
        query: what else it takes.
        began: the time from which on rows count.
        for_s: seconds after which to stop; None for never.
    """
    end_s = time.monotonic() + (math.inf if for_s is None else for_s)
    window = Window(api=api, path=path, query=query, began=began)
    while True:
        is_last = time.monotonic() >= end_s
        yield from window.look()
        if is_last:
            return
        threading.Event().wait(min(EVERY_S, max(0.0, end_s - time.monotonic())))
