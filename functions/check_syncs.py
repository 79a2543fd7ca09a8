"""Lambda `check_syncs`: sees every hour that syncs are on time and that no row was passed by."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from functions._telemetry import begin, journal
from runtime.wiring import check_syncs

checks = cache(lambda: check_syncs.build(journal))


def handler(_event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Check every enabled sync.

    Raises:
        Transient: some could not be checked; all others were.
    """
    begin(context)
    return asdict(checks()())
