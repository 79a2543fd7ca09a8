"""The emulator of AWS: started bare, on loopback, with the roles of the template enforced."""

import http.client
import os
from collections.abc import Mapping
from functools import partial
from typing import Final

from infra.local.place import CLOUD_VENV, ROOT, Place
from infra.local.processes import Running, StartFailed, free_port, start, wait_until

REGION: Final = "us-east-1"
# The emulator takes this key for the account's root, and needs no secret for it. Functions get
# the credentials of their own role.
ROOT_KEYS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
START_S: Final = 30.0
PORT_TRIES: Final = 3


def bare_environment(place: Place) -> dict[str, str]:
    """The environment of all that we start: nothing of the user's own gets in."""
    return {
        "PATH": os.pathsep.join([str(CLOUD_VENV / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(place.home),
        "TMPDIR": str(place.scratch),
        "LANG": "C.UTF-8",
    }


def aws_environment(endpoint: str) -> dict[str, str]:
    """What an AWS client needs to talk to the emulator as the account's root."""
    return {**ROOT_KEYS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint}


def start_ministack(place: Place) -> tuple[Running, str]:
    """Start it on a free port and wait for it: the process, and the endpoint.

    Raises:
        StartFailed: it does not come up.
    """
    for remaining in reversed(range(PORT_TRIES)):
        port = free_port()
        running = start(
            "ministack",
            # -P: the folder of the script has modules whose names are not meant for ministack
            [str(CLOUD_VENV / "bin" / "python"), "-P", str(ROOT / "infra/local/ministack_main.py")],
            env={**bare_environment(place), **_settings(place, port)},
            cwd=place.data,
            log=place.logs / "ministack.log",
        )
        try:
            wait_until(partial(_health, port), of=running, timeout_s=START_S)
        except StartFailed:  # somebody else may have taken the port meanwhile
            if not remaining:
                raise
            continue
        return running, f"http://127.0.0.1:{port}"
    raise StartFailed("no port was free for ministack")


def _settings(place: Place, port: int) -> Mapping[str, str]:
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "CLOUDTRAIL_RECORDING": "0",
        "S3_DATA_DIR": str(place.data / "s3"),
        "STATE_DIR": str(place.data / "state"),
        "LOG_LEVEL": "INFO",
        "PENSTOCK_USAGE_FILE": str(place.usage_file),
    }


def _health(port: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return "up" if connection.getresponse().status == http.HTTPStatus.OK else None
    except OSError:  # not listening yet
        return None
    finally:
        connection.close()
