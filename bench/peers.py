"""Measures the sandbox's peers: other engines that run the same function on the same event."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.report import Row, spread
from infra.build.venvs import EXTRA, make

PEERS: Final = EXTRA["peers"]
ENGINES: Final = ("plain exec", "pydantic-monty", "asteval")
ROUNDS: Final = 500


def measure(function: Path) -> Iterator[Row]:
    """One row for each engine. If it does not run on this machine, its row says so."""
    if not PEERS.ready:
        make(PEERS)
    for engine in ENGINES:
        yield _row(engine, function)


def _row(engine: str, function: Path) -> Row:
    files = [str(function / name) for name in ("function.py", "event.json", "expected.json")]
    script = str(Path(__file__).with_name("peer_engine.py"))
    process = subprocess.run(  # noqa: S603 - our own script, in an environment of our own lock
        [str(PEERS.python), script, engine, *files, str(ROUNDS)],
        capture_output=True,
        text=True,
        check=False,
    )
    title = f"same event in {engine}, p50 / p99"
    if process.returncode != 0:
        return Row(
            what=title, value="does not run here", how=process.stderr.strip().splitlines()[-1]
        )
    times = json.loads(process.stdout)
    return Row(
        what=title,
        value=spread(times["event_ms"], unit="ms", digits=3),
        how=f"{ROUNDS} calls after {times['load_ms']:.1f} ms to load",
    )
