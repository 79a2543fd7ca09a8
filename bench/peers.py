"""The sandbox's peers: the same function on the same event, in engines of their own."""

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
    """A row an engine; one that does not install or run here says so in its row."""
    if not PEERS.ready:
        make(PEERS)
    for engine in ENGINES:
        yield _row(engine, function)


def _row(engine: str, function: Path) -> Row:
    files = [str(function / name) for name in ("function.py", "event.json", "expected.json")]
    script = str(Path(__file__).with_name("peer_engine.py"))
    done = subprocess.run(  # noqa: S603 - our own script, in an environment of our own lock
        [str(PEERS.python), script, engine, *files, str(ROUNDS)],
        capture_output=True,
        text=True,
        check=False,
    )
    what = f"same event in {engine}, p50 / p99"
    if done.returncode != 0:
        return Row(what=what, value="does not run here", how=done.stderr.strip().splitlines()[-1])
    found = json.loads(done.stdout)
    return Row(
        what=what,
        value=spread(found["event_ms"], unit="ms", digits=3),
        how=f"{ROUNDS} calls after {found['load_ms']:.1f} ms to load",
    )
