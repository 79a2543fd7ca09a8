"""Starts the stand-in for the Redshift Data API, as a process of the local cloud."""

import re
import shutil
from typing import Final

from infra.local.emulator import aws_environment, bare_environment
from infra.local.place import ROOT, SCRATCH, Place
from infra.local.processes import Running, start, wait_until

START_S: Final = 30.0
PYTHON: Final = ROOT / ".venv" / "bin" / "python"


def start_redshift(place: Place, *, endpoint: str, port: int = 0) -> tuple[Running, str]:
    """Start the stand-in, and give its process and its URL.

    Args:
        place: the folder of the local cloud, with the database that it has kept.
        endpoint: URL of the emulator.
        port: where it listens; 0 lets it choose.

    Raises:
        StartFailed: it does not say its port in time.
    """
    database = str(place.data / "warehouse.duckdb")
    for left in place.data.glob(f"{SCRATCH}*"):  # by one that was killed
        shutil.rmtree(left)
    options = ["--port", str(port), "--s3-endpoint", endpoint, "--events-endpoint", endpoint]
    options += ["--iam-endpoint", endpoint]
    running = start(
        "redshift",
        [str(PYTHON), "-m", "infra.local.redshift", *options, "--database-file", database],
        env={**bare_environment(place), **aws_environment(endpoint), "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        log=place.logs / "redshift.log",
    )
    answer = wait_until(lambda: _port(running), of=running, timeout_s=START_S)
    return running, f"http://127.0.0.1:{answer}"


def _port(running: Running) -> str | None:
    # Libraries may print warnings before the line with the port.
    match = re.search(r'^\{"port": (\d+)\}$', running.tail(), flags=re.MULTILINE)
    return match.group(1) if match else None
