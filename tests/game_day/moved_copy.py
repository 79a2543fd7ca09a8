"""Runs one deployed function's handler as Lambda does, by a clock that its caller sets.

A line of JSON in is one invocation, a line out is what came of it: see `tests.game_day.copies`.
"""

import importlib
import io
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from runtime.wiring import worker


class Clock:
    """Goes on from the time that it was set to."""

    def __init__(self) -> None:
        self.set(0.0)

    def set(self, at_s: float) -> None:
        """From now on it is this time, in epoch seconds."""
        self._at = datetime.fromtimestamp(at_s, UTC)
        self._since_s = time.monotonic()

    def __call__(self) -> datetime:
        """The present, or so the function takes it to be."""
        return self._at + timedelta(seconds=time.monotonic() - self._since_s)


CLOCK: Final = Clock()


def main() -> None:
    """Serve invocations until the end of the input."""
    out = os.fdopen(os.dup(1), "w")
    log = sys.stdout = io.StringIO()  # what a function logs goes to its caller, as to CloudWatch
    worker.now = CLOCK
    handler = importlib.import_module(os.environ["_HANDLER"].rpartition(".")[0]).handler
    for line in sys.stdin:
        job = json.loads(line)
        CLOCK.set(job["at_s"])
        answer, error = None, None
        try:
            answer = handler(job["event"], None)
        except Exception as problem:  # noqa: BLE001 - Lambda catches whatever a handler raises
            error = f"{type(problem).__name__}: {problem}"
        said = {"answer": answer, "error": error, "log": log.getvalue()}
        log.seek(0)
        log.truncate()
        out.write(json.dumps(said) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
