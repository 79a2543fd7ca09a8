"""What people read of how far a sync has come, and how it does."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli import _output

LISTED: Final = ("id", "name", "kind", "enabled", "freshness", "error")
_GAP: Final = ("first_seq", "last_seq", "batches", "rows", "arrived_from", "arrived_until")
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def freshness(sync: Mapping[str, Any]) -> str:
    """How far behind the destination is, such as `2 minutes behind`."""
    behind_s = sync["behind_s"]
    if behind_s is None:
        return "never loaded"
    for unit_s, name in _UNITS:
        if behind_s >= unit_s:
            count = behind_s // unit_s
            return f"{count} {name}{'' if count == 1 else 's'} behind"
    return "0 seconds behind"


def row(sync: Mapping[str, Any]) -> dict[str, Any]:
    """A sync as a row of a list."""
    health = sync["health"]
    error = None if health is None else f"{health['error_code']}: {health['advice']}"
    return {**sync, "freshness": freshness(sync), "error": error}


def shown(sync: Mapping[str, Any]) -> Iterator[_output.Part]:
    """A sync, the error of its last run with what to do, and the gaps that there are."""
    health, skipped = sync["health"], sync["skipped"]
    about = {name: sync[name] for name in sync if name not in {"health", "skipped", "behind_s"}}
    yield _output.record({**about, "freshness": freshness(sync)})
    if health is not None:
        yield f"its last {health['failures']} runs failed, since {health['failing_since']}:"
        yield f"  {health['error_code']}: {health['error']}"
        yield f"  do: {health['advice']}"
        if health["gap"] is not None:
            yield "gone:"
            yield _output.table([health["gap"]], _GAP)
            first = health["gap"]["first_seq"]
            yield f"go on without them: penstock syncs skip-gap {sync['id']} --first-seq {first}"
    if skipped:
        yield "skipped:"
        yield _output.table(skipped, (*_GAP, "skipped_at"))
