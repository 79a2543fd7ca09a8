"""Brings the local cloud up and down, and says how it is.

All its processes listen on loopback, and all its files are in one folder. Whatever it has answered
for is in that folder, so it outlives its processes: `stop` and `up` give the same cloud again, and
so does `up` after some or all of them were killed. `down` empties the folder.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from infra.local import deploy, emulator, processes, sources, state
from infra.local.bootstrap import bootstrap
from infra.local.emulator import REGION, save, start_ministack
from infra.local.place import CLOUD_VENV, Place
from infra.local.processes import Running, StartFailed
from infra.local.state import PROCESSES, LocalCloud, Phase, Status
from infra.local.usage import Usage
from infra.local.warehouse import grant, start_redshift
from runtime.errors import Conflict, NotFound

TENANT: Final = "acme"
WARNER: Final = "penstock"  # as in ministack_main.py, which nothing here can import
STOP_S: Final = 15.0  # for a process to write what it keeps, before it is killed
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a local cloud is set up. One that is kept stays as it was set up."""

    # Let webhooks and functions call http:// and loopback addresses; None: as it is, in a new
    # cloud yes.
    allow_local_http: bool | None = None
    tenant: str | None = None  # the id of its first tenant; None: as it is, in a new cloud `TENANT`
    # Of the template, over `LAPTOP`; empty: as they are, in a new cloud only those of `LAPTOP`.
    parameters: Mapping[str, str] = field(default_factory=dict)

    def given(self) -> dict[str, Any]:
        """Those that somebody asked for."""
        named = {"allow_local_http": self.allow_local_http, "tenant": self.tenant}
        given = {name: value for name, value in named.items() if value is not None}
        return {**given, "parameters": dict(self.parameters)} if self.parameters else given

    def of_a_new_cloud(self) -> dict[str, Any]:
        """All of them, with what a new cloud has where nobody asked."""
        return {"allow_local_http": True, "tenant": TENANT, "parameters": {}, **self.given()}


def up(options: Options, *, place: Place, say: Say) -> LocalCloud:
    """Start the local cloud of this folder, or make it when there is none.

    A new one is built and deployed, and gets a tenant with its first key. One that is kept has the
    addresses, the key and all else that it had; only what does not run is started. If the code has
    changed since it was deployed, it is deployed again, also when all of it runs.

    Raises:
        NotFound: the virtual environments have not been made.
        Conflict: `local_up`: it is up already, with this code. `local_options`: it was set up in
            another way. `local_busy`: another command is at work in this folder.
        StartFailed: the build failed, and nothing has changed; or a process or the deployment
            failed, and all processes have been stopped again. What a cloud had kept, it keeps.
    """
    if not (CLOUD_VENV / "bin" / "ministack").exists():
        raise NotFound("the local cloud is not installed: run `make setup`", code="not_set_up")
    place.prepare()
    with _locked(place):
        found, newest = state.read(place), sources.digest()
        if found.running and found.sources == newest:
            raise Conflict(
                "a local cloud is up: `penstock local stop` ends it and keeps what is in it",
                code="local_up",
            )
        _end_strays(place, found)
        if found.cloud is not None:
            _check_same(options, found.options)
            if found.sources == newest:
                return _resume(found, found.cloud, place=place, say=say)
            return _renew(found, found.cloud, newest, place=place, say=say)
        try:
            return _raise(options.of_a_new_cloud(), newest, place=place, say=say)
        except BaseException:  # also Ctrl-C: nobody can use a cloud that is half deployed
            _lower(place)
            raise


def stop(place: Place) -> bool:
    """Stop everything, and keep what is in it for the next `up`.

    Returns:
        Whether anything was running.

    Raises:
        Conflict: another command is at work in this folder.
        StartFailed: a process does not end.
    """
    return _end(place, _halt_and_keep)


def down(place: Place) -> bool:
    """Stop everything, and delete what is in it.

    Returns:
        Whether anything was running.

    Raises:
        Conflict: another command is at work in this folder.
        StartFailed: a process does not end.
    """
    return _end(place, _lower)


def _end(place: Place, act: Callable[[Place], bool]) -> bool:
    """Whether anything was running; no folder is made where there has never been a cloud."""
    if not place.root.is_dir():
        return False
    with _locked(place):
        return act(place)


def _halt_and_keep(place: Place) -> bool:
    was_running = _halt(place)
    if state.read(place).cloud is None:  # what is not deployed is of no use
        _clear(place)
    return was_running


def status(place: Place) -> Status:
    """The cloud and the processes that the state file lists."""
    return state.read(place)


def kept_bytes(place: Place) -> int:
    """How much a local cloud keeps on disk, without its logs and its build."""
    files = (path for path in place.data.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files)


def parameters(options: Mapping[str, Any], *, redshift: str) -> dict[str, str]:
    """The parameters of the template for a cloud on this machine.

    Args:
        options: all `Options` by their names; their own parameters come before all others.
        redshift: URL of the stand-in for the Redshift Data API.
    """
    return {
        **deploy.LAPTOP,
        "RedshiftDataEndpoint": redshift,
        "AllowLocalHttp": str(options["allow_local_http"]).lower(),
        **options["parameters"],
    }


def _renew(found: Status, cloud: LocalCloud, newest: str, *, place: Place, say: Say) -> LocalCloud:
    """Deploy the code as it is now to a cloud that keeps what is in it."""
    say("the code has changed since it was deployed; building it anew")
    _build(place)  # first, so that code that cannot be built leaves the cloud as it is
    _halt(place)  # the emulators' own code may be newer, too
    _resume(state.read(place), cloud, place=place, say=say)
    say("deploying template.yaml with sam")
    redshift = cloud.redshift_endpoint
    try:
        _deploy(
            place,
            endpoint=cloud.aws_endpoint,
            parameters=parameters(found.options, redshift=redshift),
        )
        grant(endpoint=cloud.aws_endpoint, redshift=redshift)
        save(cloud.aws_endpoint)
    except BaseException:  # also Ctrl-C
        _halt(place)
        raise
    running = state.read(place).processes
    state.write(place, processes=running, cloud=cloud, options=found.options, sources=newest)
    return cloud


def _resume(found: Status, cloud: LocalCloud, *, place: Place, say: Say) -> LocalCloud:
    alive = {each.name: each for each in found.processes if each.alive}
    kept = ", ".join(alive) or "nothing"
    say(f"starting the local cloud that is kept here; {kept} of it runs")
    for dead in (each for each in found.processes if each.name not in alive):
        processes.stop(dead)  # what it has left behind
    try:
        for name, start in _starts(cloud, place).items():
            if name not in alive:
                alive[name] = start()
                _warnings(alive[name], say)
                running = [alive[each] for each in PROCESSES if each in alive]
                _write(place, found, running)
    except BaseException:  # also Ctrl-C
        _halt(place)
        raise
    return cloud


def _warnings(started: Running, say: Say) -> None:
    """Say what a process has found wrong with what it keeps."""
    for line in started.tail().splitlines():
        _, is_ours, text = line.partition(f" WARNING [{WARNER}] ")
        if is_ours:
            say(text)


def _end_strays(place: Place, found: Status) -> None:
    """End what an `up` has started that was killed before it could write that down."""
    known = {each.pid for each in found.processes if each.alive}
    for stray in processes.at_home(place.home):
        if stray.pid not in known:
            processes.stop(stray, grace_s=STOP_S)


def _starts(cloud: LocalCloud, place: Place) -> dict[str, Callable[[], Running]]:
    """How each process of a cloud is started where it listened before."""
    endpoint = cloud.aws_endpoint

    def ministack() -> Running:
        return start_ministack(place, port=_free_port(endpoint))[0]

    def redshift() -> Running:
        port = _free_port(cloud.redshift_endpoint)
        return start_redshift(place, endpoint=endpoint, port=port)[0]

    return dict(zip(PROCESSES, (ministack, redshift), strict=True))


def _free_port(url: str) -> int:
    port = urlsplit(url).port or 0
    processes.need_free(port)
    return port


def _check_same(options: Options, kept: Mapping[str, Any]) -> None:
    for name, value in options.given().items():
        if kept.get(name) != value:
            raise Conflict(
                f"the local cloud that is kept here was set up with {name} {kept.get(name)!r}, "
                f"not {value!r}; start it as it is, or empty it first by `penstock local reset`",
                code="local_options",
            )


def _raise(options: Mapping[str, Any], newest: str, *, place: Place, say: Say) -> LocalCloud:
    _clear(place)
    place.prepare()
    say("building the bundles, starting the emulators")
    with ThreadPoolExecutor(max_workers=1) as aside:
        build = aside.submit(_build, place)
        ministack, endpoint = start_ministack(place)
        state.write(place, processes=[ministack])
        redshift, redshift_endpoint = start_redshift(place, endpoint=endpoint)
        state.write(place, processes=[ministack, redshift])
        build.result()
    say("deploying template.yaml with sam")
    _deploy(place, endpoint=endpoint, parameters=parameters(options, redshift=redshift_endpoint))
    session = emulator.root()
    outputs = deploy.outputs(session.client("cloudformation", endpoint_url=endpoint))
    grant(endpoint=endpoint, redshift=redshift_endpoint)
    tenant = options["tenant"]
    say(f"making the tenant {tenant} and its first key")
    cloud = LocalCloud(
        aws_endpoint=endpoint,
        region=REGION,
        api_url=_api_url(outputs["ApiUrl"], endpoint=endpoint),
        api_key=bootstrap(session, endpoint=endpoint, outputs=outputs, tenant=tenant),
        tenant=tenant,
        bus=outputs["Bus"],
        stack=deploy.STACK,
        redshift_endpoint=redshift_endpoint,
    )
    save(endpoint)
    both = [ministack, redshift]
    state.write(place, processes=both, cloud=cloud, options=options, sources=newest)
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


def _write(place: Place, found: Status, running: Sequence[Running]) -> None:
    """Write down which processes of a cloud run now; all else stays as it is."""
    state.write(
        place,
        processes=running,
        cloud=found.cloud,
        options=found.options,
        sources=found.sources,
    )


def _halt(place: Place) -> bool:
    found = state.read(place)
    _end_strays(place, found)
    was_running = any(each.alive for each in found.processes)
    for running in reversed(found.processes):
        processes.stop(running, grace_s=STOP_S)
    if found.phase is not Phase.NONE:
        _write(place, found, ())
    return was_running


def _lower(place: Place) -> bool:
    found, was_running = state.read(place), False
    _end_strays(place, found)
    for running in reversed(found.processes):
        was_running |= running.alive
        processes.stop(running)
    _clear(place)
    return was_running


def _clear(place: Place) -> None:
    place.state_file.unlink(missing_ok=True)
    for folder in (place.scratch, place.data, place.home):
        shutil.rmtree(folder, ignore_errors=True)


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
