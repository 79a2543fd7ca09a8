"""Starts the stand-in for the Redshift Data API as a process, and makes the grants for loads."""

import re
import shutil
from typing import Final

from infra.local import deploy, emulator
from infra.local.emulator import aws_environment, bare_environment
from infra.local.place import ROOT, SCRATCH, Place
from infra.local.processes import Running, start, wait_until
from infra.local.redshift import DATABASE, WORKGROUP
from runtime.core.warehouse.grants import Loader, user_of
from runtime.stores.warehouse.redshift.data_api import DataApi
from runtime.usecases.warehouse.check_grants import CheckGrants

START_S: Final = 30.0
GRANT_S: Final = 30.0
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


def grant(*, endpoint: str, redshift: str) -> None:
    """As the warehouse's superuser, run what `penstock syncs grants` prints and is not there yet.

    Args:
        endpoint: URL of the emulator, to which the template has been deployed.
        redshift: URL of the stand-in.
    """
    session = emulator.root()
    outputs = deploy.outputs(session.client("cloudformation", endpoint_url=endpoint))
    loader = Loader(
        database=DATABASE,
        user=user_of(outputs["LoaderRoleArn"]),
        copy_role_arn=outputs["CopyRoleArn"],
    )
    client = session.client("redshift-data", endpoint_url=redshift)
    database = DataApi(client=client, workgroup=WORKGROUP, database=DATABASE)
    missing = [each.statement for each in CheckGrants(database=database)(loader)]
    if missing:
        database.run(missing, wait_s=GRANT_S)


def _port(running: Running) -> str | None:
    # Libraries may print warnings before the line with the port.
    match = re.search(r'^\{"port": (\d+)\}$', running.tail(), flags=re.MULTILINE)
    return match.group(1) if match else None
