"""Starts the stand-in for the Redshift Data API, as a process of the local cloud."""

import re
from typing import Final

from infra.local.emulator import aws_environment, bare_environment
from infra.local.place import ROOT, Place
from infra.local.processes import Running, start, wait_until

START_S: Final = 30.0
PYTHON: Final = ROOT / ".venv" / "bin" / "python"


def start_redshift(place: Place, *, endpoint: str) -> tuple[Running, str]:
    """Start the stand-in on a port of its choice, and give its process and its URL.

    Raises:
        StartFailed: it does not say its port in time.
    """
    database = str(place.data / "warehouse.duckdb")
    options = ["--port", "0", "--s3-endpoint", endpoint, "--events-endpoint", endpoint]
    options += ["--iam-endpoint", endpoint]
    running = start(
        "redshift",
        [str(PYTHON), "-m", "infra.local.redshift", *options, "--database-file", database],
        env={**bare_environment(place), **aws_environment(endpoint), "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        log=place.logs / "redshift.log",
    )
    port = wait_until(lambda: _port(running), of=running, timeout_s=START_S)
    return running, f"http://127.0.0.1:{port}"


def _port(running: Running) -> str | None:
    # Libraries may print warnings before the line with the port.
    match = re.search(r'^\{"port": (\d+)\}$', running.tail(), flags=re.MULTILINE)
    return match.group(1) if match else None
