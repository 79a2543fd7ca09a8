"""Starts the emulator of AWS, on loopback. It enforces the permissions of the template's roles."""

import http.client
import os
import shutil
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from infra.local.place import CLOUD_VENV, ROOT, Place
from infra.local.processes import Running, StartFailed, free_port, start, wait_until

if TYPE_CHECKING:
    from boto3.session import Session

REGION: Final = "us-east-1"
# The emulator takes this key for that of the account's root, with any secret. Functions get the
# credentials of their own roles.
ROOT_KEYS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
START_S: Final = 30.0
PORT_TRIES: Final = 3
# As in ministack_memory.py and ministack_usage.py, which nothing here can import.
SAVE: Final = "/_penstock/save"
FORGET: Final = "/_penstock/usage/forget"


def bare_environment(place: Place) -> dict[str, str]:
    """The environment of every process of the local cloud; it has none of the user's variables."""
    return {
        "PATH": os.pathsep.join([str(CLOUD_VENV / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(place.home),
        "TMPDIR": str(place.scratch),
        "LANG": "C.UTF-8",
    }


def aws_environment(endpoint: str) -> dict[str, str]:
    """The variables that make an AWS client talk to the emulator as the account's root."""
    return {**ROOT_KEYS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint}


def root() -> "Session":
    """A session as the root of the emulator's account; each client has to be told its address."""
    from boto3.session import Session  # takes longer to import than most commands take to run

    return Session(
        region_name=REGION,
        aws_access_key_id=ROOT_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def start_ministack(place: Place, *, port: int | None = None) -> tuple[Running, str]:
    """Start the emulator, wait until it answers, and give its process and its URL.

    Args:
        place: the folder of the local cloud; what it has kept there is loaded.
        port: where it listens; None takes a free one.

    Raises:
        StartFailed: it does not answer in time.
    """
    if port is not None:
        return _start(place, port)
    for remaining in reversed(range(PORT_TRIES)):
        try:
            return _start(place, free_port())
        except StartFailed:  # another program may have taken the port meanwhile
            if not remaining:
                raise
    raise StartFailed("no port was free for ministack")


def save(endpoint: str) -> None:
    """Let the emulator write what is deployed to its files, and wait until it has.

    Raises:
        StartFailed: it cannot.
    """
    _ask(endpoint, SAVE, to="save what was deployed")


def forget_usage(endpoint: str) -> None:
    """Let the emulator write down again what is used, also if it has written so before.

    Raises:
        StartFailed: it cannot.
    """
    _ask(endpoint, FORGET, to="forget what was used")


def _ask(endpoint: str, path: str, *, to: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=START_S)
    try:
        connection.request("POST", path)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise StartFailed(f"ministack cannot {to}: {text}")


def _start(place: Place, port: int) -> tuple[Running, str]:
    for (
        left
    ) in place.scratch.iterdir():  # by one that was killed; no other process uses this folder
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    running = start(
        "ministack",
        # -P keeps the script's folder off sys.path: ministack must not import its modules.
        [str(CLOUD_VENV / "bin" / "python"), "-P", str(ROOT / "infra/local/ministack_main.py")],
        env={**bare_environment(place), **_settings(place, port)},
        cwd=place.data,
        log=place.logs / "ministack.log",
    )
    wait_until(partial(_health, port), of=running, timeout_s=START_S)
    return running, f"http://127.0.0.1:{port}"


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
        "PERSIST_STATE": "1",
        "STATE_DIR": str(place.state),
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
