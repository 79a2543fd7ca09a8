"""The local cloud: up, down, status. Everything listens on loopback and lives in one folder."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import boto3

from infra.local import deploy, processes
from infra.local.bootstrap import bootstrap
from infra.local.emulator import REGION, ROOT_KEYS, start_ministack
from infra.local.place import CLOUD_VENV, Place
from infra.local.processes import Running, StartFailed
from infra.local.usage import Usage
from infra.local.warehouse import start_redshift
from runtime.errors import Conflict, NotFound

TENANT: Final = "acme"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCloud:
    """Where a running local cloud is reached."""

    aws_endpoint: str
    region: str
    api_url: str
    api_key: str
    tenant: str
    bus: str
    stack: str
    redshift_endpoint: str

    def to_json(self) -> dict[str, str]:
        """As `penstock local up --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may differ between two local clouds."""

    allow_local_http: bool = False
    tenant: str = TENANT
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is running now; `cloud` is None until the template is deployed."""

    cloud: LocalCloud | None
    processes: tuple[Running, ...]

    @property
    def running(self) -> bool:
        """Whether a cloud is deployed and every process of it is alive."""
        return self.cloud is not None and all(each.alive for each in self.processes)


def up(options: Options, *, place: Place, say: Say) -> LocalCloud:
    """Start the emulators, build and deploy the template, and make a tenant with its first key.

    Raises:
        NotFound: the virtual environments are not there yet.
        Conflict: a cloud is up in this folder already.
        StartFailed: something did not come up; nothing of it is left running.
    """
    if not (CLOUD_VENV / "bin" / "ministack").exists():
        raise NotFound("the local cloud is not installed: run `make setup`", code="not_set_up")
    place.prepare()
    with _locked(place):
        if any(each.alive for each in status(place).processes):
            raise Conflict("a local cloud is up: `penstock local down` ends it", code="local_up")
        try:
            return _raise(options, place=place, say=say)
        except BaseException:  # also Ctrl-C: a half-raised cloud is of no use to anybody
            _lower(place)
            raise


def down(place: Place) -> bool:
    """Stop everything and empty the scratch folders; False when nothing was running."""
    if not place.root.is_dir():
        return False
    with _locked(place):
        return _lower(place)


def status(place: Place) -> Status:
    """What the state file says, and whether it is still true."""
    if not place.state_file.exists():
        return Status(cloud=None, processes=())
    state = json.loads(place.state_file.read_text())
    running = tuple(Running.from_json(each) for each in state["processes"])
    names = LocalCloud.__slots__
    known = all(name in state for name in names)
    cloud = LocalCloud(**{name: state[name] for name in names}) if known else None
    return Status(cloud=cloud, processes=running)


def _raise(options: Options, *, place: Place, say: Say) -> LocalCloud:
    _clear(place)
    place.prepare()
    say("building the bundles, starting the emulators")
    with ThreadPoolExecutor(max_workers=1) as aside:
        built = aside.submit(_build, place)
        ministack, endpoint = start_ministack(place)
        _remember(place, processes=[ministack])
        redshift, redshift_endpoint = start_redshift(place, endpoint=endpoint)
        _remember(place, processes=[ministack, redshift])
        built.result()
    say("deploying template.yaml with sam")
    parameters = {
        **deploy.LAPTOP,
        "RedshiftDataEndpoint": redshift_endpoint,
        "AllowLocalHttp": str(options.allow_local_http).lower(),
        **options.parameters,
    }
    _deploy(place, endpoint=endpoint, parameters=parameters)
    session = boto3.Session(
        region_name=REGION,
        aws_access_key_id=ROOT_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    outputs = deploy.outputs(session.client("cloudformation", endpoint_url=endpoint))
    say(f"making the tenant {options.tenant} and its first key")
    cloud = LocalCloud(
        aws_endpoint=endpoint,
        region=REGION,
        api_url=_api_url(outputs["ApiUrl"], endpoint=endpoint),
        api_key=bootstrap(session, endpoint=endpoint, outputs=outputs, tenant=options.tenant),
        tenant=options.tenant,
        bus=outputs["Bus"],
        stack=deploy.STACK,
        redshift_endpoint=redshift_endpoint,
    )
    _remember(place, processes=[ministack, redshift], cloud=cloud)
    return cloud


def _build(place: Place) -> None:
    deploy.prefetch(log=place.logs / "prefetch.log")
    deploy.build(place)


def _deploy(place: Place, *, endpoint: str, parameters: Mapping[str, str]) -> None:
    try:
        deploy.deploy(place, endpoint=endpoint, parameters=parameters)
    except StartFailed as problem:
        # sam tells at length how it rolled back, and the reason long before.
        refused = Usage(place.usage_file).denials()
        raise StartFailed("\n".join([*refused, problem.message])) from problem


def _api_url(function_url: str, *, endpoint: str) -> str:
    # The emulator knows a Function URL by its host name or, without any, by this path.
    url_id = function_url.removeprefix("https://").partition(".")[0]
    return f"{endpoint}/_aws/lambda-url/{url_id}"


def _lower(place: Place) -> bool:
    was_running = False
    for running in reversed(status(place).processes):
        was_running |= running.alive
        processes.stop(running)
    _clear(place)
    return was_running


def _clear(place: Place) -> None:
    place.state_file.unlink(missing_ok=True)
    for folder in (place.scratch, place.data, place.home):
        shutil.rmtree(folder, ignore_errors=True)


def _remember(place: Place, *, processes: list[Running], cloud: LocalCloud | None = None) -> None:
    state: dict[str, Any] = {} if cloud is None else dict(cloud.to_json())
    state["processes"] = [each.to_json() for each in processes]
    state["pids"] = {each.name: each.pid for each in processes}
    fresh = place.state_file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(state, indent=2) + "\n")
    fresh.replace(place.state_file)


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    handle = os.open(place.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        os.close(handle)
        raise Conflict("another command is at work here", code="local_busy") from problem
    try:
        yield
    finally:
        os.close(handle)
