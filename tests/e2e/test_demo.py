"""The one end-to-end run of `make test`: the demo itself, on fewer orders."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDERS = 250  # the first give-away, which the transform drops, is order 226
DEADLINE_S = (
    900  # a build from nothing on two cores that others use too, and the demo's own patience
)


@pytest.mark.e2e
def test_every_count_of_the_demo_adds_up() -> None:
    """Each box of the template is on this path: take one permission away and a count is off."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo"],
        cwd=ROOT,
        env={**os.environ, "DEMO_EVENTS": str(ORDERS)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert re.fullmatch(
        rf"demo: ok events={ORDERS} runs=\d+ deliveries=\d+ verified=\d+ retried=\d+ dead=\d+"
        r" lost=0 duplicates=\d+ warehouse_events=\d+ warehouse_profiles=\d+"
        rf" wasm_runs=[1-9]\d* restricted_runs={ORDERS}",
        done.stdout.splitlines()[-1],
    )
