"""Brings the local cloud up and down, and says how it is.

All its processes listen on loopback, and all its files are in one folder.
"""

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
    """The addresses and names of a running local cloud."""

    aws_endpoint: str  # URL of the emulator
    region: str
    api_url: str
    api_key: str  # of the tenant, with every scope
    tenant: str  # its id
    bus: str  # name of the event bus
    stack: str  # name of the CloudFormation stack
    redshift_endpoint: str  # URL of the stand-in for the Redshift Data API

    def to_json(self) -> dict[str, str]:
        """The object that `penstock local up --json` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a local cloud is set up."""

    allow_local_http: bool = True  # let webhooks and functions call http:// and loopback addresses
    tenant: str = TENANT  # the id of its first tenant
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the template, over `LAPTOP`


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the local cloud consists of now."""

    cloud: LocalCloud | None  # None until the template is deployed
    processes: tuple[Running, ...]  # every process that was started, alive or not

    @property
    def running(self) -> bool:
        """Whether the template is deployed and every process is alive."""
        return self.cloud is not None and all(each.alive for each in self.processes)


def up(options: Options, *, place: Place, say: Say) -> LocalCloud:
    """Start the emulators, build and deploy the template, and make a tenant with its first key.

    Raises:
        NotFound: the virtual environments have not been made.
        Conflict: a cloud is already up in this folder, or another command is at work there.
        StartFailed: a process or the deployment failed; all processes have been stopped again.
    """
    if not (CLOUD_VENV / "bin" / "ministack").exists():
        raise NotFound("the local cloud is not installed: run `make setup`", code="not_set_up")
    place.prepare()
    with _locked(place):
        if any(each.alive for each in status(place).processes):
            raise Conflict("a local cloud is up: `penstock local down` ends it", code="local_up")
        try:
            return _raise(options, place=place, say=say)
        except BaseException:  # also Ctrl-C: nobody can use a cloud that is half up
            _lower(place)
            raise


def down(place: Place) -> bool:
    """Stop everything and empty the scratch folders.

    Returns:
        Whether anything was running.

    Raises:
        Conflict: another command is at work in this folder.
    """
    if not place.root.is_dir():
        return False
    with _locked(place):
        return _lower(place)


def status(place: Place) -> Status:
    """The cloud and the processes that the state file lists."""
    if not place.state_file.exists():
        return Status(cloud=None, processes=())
    state = json.loads(place.state_file.read_text())
    running = tuple(Running.from_json(each) for each in state["processes"])
    names = LocalCloud.__slots__
    is_deployed = all(name in state for name in names)
    cloud = LocalCloud(**{name: state[name] for name in names}) if is_deployed else None
    return Status(cloud=cloud, processes=running)


def parameters(options: Options, *, redshift: str) -> dict[str, str]:
    """The parameters of the template for a cloud on this machine.

    Args:
        options: how it is set up; its own parameters come before all others.
        redshift: URL of the stand-in for the Redshift Data API.
    """
    return {
        **deploy.LAPTOP,
        "RedshiftDataEndpoint": redshift,
        "AllowLocalHttp": str(options.allow_local_http).lower(),
        **options.parameters,
    }


def _raise(options: Options, *, place: Place, say: Say) -> LocalCloud:
    _clear(place)
    place.prepare()
    say("building the bundles, starting the emulators")
    with ThreadPoolExecutor(max_workers=1) as aside:
        build = aside.submit(_build, place)
        ministack, endpoint = start_ministack(place)
        _remember(place, processes=[ministack])
        redshift, redshift_endpoint = start_redshift(place, endpoint=endpoint)
        _remember(place, processes=[ministack, redshift])
        build.result()
    say("deploying template.yaml with sam")
    _deploy(place, endpoint=endpoint, parameters=parameters(options, redshift=redshift_endpoint))
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
        # sam prints the reason first, and then at length how it rolled back. The end of its log
        # does not show the reason, so the emulator's refusals are put before it.
        denials = Usage(place.usage_file).denials()
        raise StartFailed("\n".join([*denials, problem.message])) from problem


def _api_url(function_url: str, *, endpoint: str) -> str:
    # The emulator answers a Function URL by its host name, or by this path on its own.
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
    new_file = place.state_file.with_suffix(".new")
    new_file.touch(mode=0o600)
    new_file.write_text(json.dumps(state, indent=2) + "\n")
    new_file.replace(place.state_file)


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
