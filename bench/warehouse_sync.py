"""Loads raw batches of a folder into the lake and the local Redshift, and prints what it took.

A process of its own, so that its CPU time and its memory are those of the sync and the warehouse.
Its environment names the emulator that has S3 and DynamoDB. A first small load makes the tables.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from runtime.core.archive import people
from runtime.core.archive.raw_log import EncodedBatch, Kind
from runtime.core.warehouse.plan import Load, LoadState
from tests.builders import an_event
from tests.warehouse import World
from tests.warehouse_records import a_sync


class NotLoadedError(Exception):
    """A load did not come to its end."""


def main(folder: Path, rows_a_batch: int) -> None:
    """Load the batches, and print a JSON document of what it took."""
    with tempfile.TemporaryDirectory() as scratch, _redshift(Path(scratch)) as redshift:
        world = World(Path(scratch), redshift=redshift)
        world.syncs.add(a_sync())
        world.archive(an_event())
        _sync(world)
        for file in sorted(folder.iterdir()):
            data = file.read_bytes()
            batch = EncodedBatch(
                kind=Kind.EVENTS,
                data=data,
                digest=sha256(data).hexdigest(),
                counts={"acme": rows_a_batch},
                people=people.index(()),  # nobody is erased here
            )
            world.raw_log().append(batch, now=world.clock())
        _forget_peak()
        before_s = redshift.cpu_s()
        began_s, cpu_s = time.monotonic(), time.process_time()
        loads = _sync(world)
        taken_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
        used_s += redshift.cpu_s() - before_s
        peak_mib = _peak_mib("self")
        (events,) = world.query(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM penstock_acme.events"
        )
        answer = {
            "taken_s": taken_s,
            "cpu_s": used_s,
            "peak_mib": peak_mib,
            "warehouse_mib": _peak_mib(str(redshift.process.pid)),
        }
        print(
            json.dumps({**answer, "loads": len(loads), "rows": events["n"], "ids": events["ids"]})
        )


@dataclass(frozen=True, slots=True)
class Redshift:
    """The warehouse, in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def cpu_s(self) -> float:
        """The CPU time that it has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _redshift(folder: Path) -> Iterator[Redshift]:
    command = [sys.executable, "-m", "infra.local.redshift"]
    command += ["--s3-endpoint", os.environ["AWS_ENDPOINT_URL"]]
    command += ["--database-file", str(folder / "warehouse.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        if process.stdout is None:
            raise NotLoadedError("the warehouse does not say where it listens")
        port = json.loads(process.stdout.readline())["port"]
        yield Redshift(process, f"http://127.0.0.1:{port}")
        process.terminate()


def _sync(world: World) -> tuple[Load, ...]:
    loads = world.planner(statement_wait_s=600).sync_one("acme", "syn_1")
    if not loads or any(load.state is not LoadState.LOADED for load in loads):
        raise NotLoadedError(str(loads))
    return loads


def _forget_peak() -> None:
    """Let the peak of this process's memory begin anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mib(process: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
