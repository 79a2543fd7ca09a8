"""Shows the rows of a listing as they come and change."""

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cli.client import Client

EVERY_S: Final = 2.0
WINDOW: Final = timedelta(minutes=10)  # a row older than this is not watched any more
LIMIT: Final = 1000  # rows a look; who has more in ten minutes must choose


def changes(
    api: Client, path: str, query: Mapping[str, Any], *, began: datetime, for_s: float
) -> Iterator[Mapping[str, Any]]:
    """Each row since `began` when it first appears, and again whenever it has changed.

    Args:
        api: where the listing is.
        path: of the listing, which gives the newest first and takes `since`.
        query: what else it takes.
        began: the time from which on rows count.
        for_s: seconds after which to stop; infinite for never.
    """
    end_s = time.monotonic() + for_s
    rows_before: dict[str, Any] = {}
    since = began
    while True:
        is_last = time.monotonic() >= end_s
        window = {**query, "since": since.isoformat(timespec="milliseconds")}
        rows = list(api.each(path, window, limit=LIMIT))
        yield from (row for row in reversed(rows) if rows_before.get(row["id"]) != row)
        rows_before = {row["id"]: row for row in rows}
        if is_last:
            return
        since = max(began, datetime.now(UTC) - WINDOW)
        threading.Event().wait(min(EVERY_S, max(0.0, end_s - time.monotonic())))
