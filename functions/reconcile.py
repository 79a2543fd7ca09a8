"""Lambda `reconcile`: each day compares profiles with what was archived of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count, journal
from runtime.wiring import reconcile

reconciliation = cache(lambda: reconcile.build(journal))


def handler(_event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Compare a sample, and archive again what was lost on the way.

    Raises:
        PenstockError: some could not be compared; all others were.
    """
    begin(context)
    result = reconciliation()()
    count(records=result.compared, profiles_added=result.added)
    if result.lost:
        journal({"message": "rows.lost", "measures_of_all": {"rows_lost": result.lost}})
    return result._asdict()
