"""What a local cloud says of itself, and what is done with one that is kept."""

import json
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import cloud, processes, sources, state
from infra.local.cloud import Options
from infra.local.place import Place
from infra.local.processes import Running, StartFailed
from infra.local.state import Phase
from runtime.errors import Conflict
from tests.kept_cloud import KEPT


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder for a local cloud."""
    made = Place(tmp_path / "cloud")
    made.prepare()
    return made


def sleeper(name: str, place: Place) -> Running:
    """A process that does nothing until it is ended."""
    return processes.start(
        name,
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={},
        cwd=place.root,
        log=place.logs / f"{name}.log",
    )


def quiet(_line: str) -> None:
    """Nothing is told."""


def test_a_cloud_whose_process_is_gone_is_not_taken_for_running(place: Place) -> None:
    """Nor for one that was never there: what it keeps is there, and `up` starts it."""
    both = [sleeper("ministack", place), sleeper("redshift", place)]
    options = Options().of_a_new_cloud()
    assert Phase.NONE is cloud.status(place).phase
    state.write(place, processes=both, cloud=KEPT, options=options)
    try:
        assert Phase.RUNNING is cloud.status(place).phase
        os.kill(both[1].pid, signal.SIGKILL)
        os.waitid(os.P_PID, both[1].pid, os.WEXITED | os.WNOWAIT)
        assert Phase.HALF_DEAD is cloud.status(place).phase
        assert not cloud.status(place).running
    finally:
        assert cloud.stop(place)

    assert Phase.STOPPED is cloud.status(place).phase
    assert KEPT == cloud.status(place).cloud
    assert not any(each.alive for each in both)
    assert not cloud.stop(place)


def test_one_whose_start_was_killed_in_the_middle_is_half_dead(place: Place) -> None:
    """All that is written down runs, but it is not all that there should be."""
    first = sleeper("ministack", place)
    state.write(place, processes=[first], cloud=KEPT, options=Options().of_a_new_cloud())
    try:
        assert Phase.HALF_DEAD is cloud.status(place).phase
    finally:
        cloud.stop(place)


def test_one_that_is_half_deployed_is_not_kept(place: Place) -> None:
    """It has no key and no address, so `up` must begin anew."""
    state.write(place, processes=[sleeper("ministack", place)])
    assert Phase.HALF_DEAD is cloud.status(place).phase

    assert cloud.stop(place)

    assert Phase.NONE is cloud.status(place).phase


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(tenant="other"), "tenant 'acme', not 'other'"),
        (Options(allow_local_http=False), "allow_local_http True, not False"),
        (Options(parameters={"RetentionDays": "1"}), "parameters"),
    ],
)
def test_one_that_is_kept_is_not_started_as_something_else(
    place: Place, options: Options, words: str
) -> None:
    """Whoever asks for another tenant would otherwise work on in the old one."""
    state.write(place, processes=(), cloud=KEPT, options=Options().of_a_new_cloud())

    with pytest.raises(Conflict, match=words) as refused:
        cloud.up(options, place=place, say=quiet)

    assert "local_options" == refused.value.code
    assert "penstock local reset" in refused.value.message
    assert Phase.STOPPED is cloud.status(place).phase


def test_a_port_that_somebody_else_has_by_now_is_named_and_nothing_is_lost(place: Place) -> None:
    """The addresses are in functions and receivers, so the cloud does not move by itself."""
    newest = sources.digest()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        moved = replace(KEPT, aws_endpoint=f"http://127.0.0.1:{port}")
        state.write(
            place,
            processes=(),
            cloud=moved,
            options=Options().of_a_new_cloud(),
            sources=newest,
        )

        with pytest.raises(StartFailed, match=f"port {port}.*penstock local reset"):
            cloud.up(Options(), place=place, say=quiet)

    assert (Phase.STOPPED, moved) == (cloud.status(place).phase, cloud.status(place).cloud)


def test_one_that_runs_the_newest_code_is_left_alone(place: Place) -> None:
    """Two terminals are a common accident."""
    both = [sleeper("ministack", place), sleeper("redshift", place)]
    options, newest = Options().of_a_new_cloud(), sources.digest()
    state.write(place, processes=both, cloud=KEPT, options=options, sources=newest)
    try:
        with pytest.raises(Conflict) as refused:
            cloud.up(Options(), place=place, say=quiet)

        assert "local_up" == refused.value.code
        assert cloud.status(place).running
    finally:
        cloud.stop(place)

    assert newest == cloud.status(place).sources


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one file of each kind."""
    for name in ("template.yaml", "functions/deliver.py", "requirements/layer.txt"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("template.yaml", "changed"),
        ("functions/deliver.py", "functions/deliver.pY"),
        ("runtime/new.py", ""),
        ("requirements/layer.txt", "requirements/layer.txt "),
    ],
)
def test_a_change_of_what_is_deployed_is_noticed(project: Path, name: str, text: str) -> None:
    """Else `up` would say that it is up, and run the code of yesterday."""
    before = sources.digest(project)
    assert before == sources.digest(project)
    (project / name).parent.mkdir(exist_ok=True)

    (project / name).write_text(text)

    assert before != sources.digest(project)


@pytest.mark.parametrize(
    "name", ["README.md", "functions/__pycache__/deliver.pyc", "functions/.deliver.py.swp"]
)
def test_what_is_not_deployed_is_not_noticed(project: Path, name: str) -> None:
    """Nobody waits for a deployment that changes nothing."""
    before = sources.digest(project)
    (project / name).parent.mkdir(exist_ok=True)

    (project / name).write_text("changed")

    assert before == sources.digest(project)


def test_a_file_that_was_renamed_is_noticed(project: Path) -> None:
    """The bytes of all files together are the same."""
    before = sources.digest(project)
    deployed = project / "functions" / "deliver.py"

    deployed.rename(deployed.with_name("delivers.py"))

    assert before != sources.digest(project)


def test_emptying_leaves_nothing_that_could_be_started_again(place: Place) -> None:
    """Not the key, not the journal, not the warehouse."""
    state.write(place, processes=(), cloud=KEPT, options=Options().of_a_new_cloud())
    place.state.mkdir()
    (place.state / "journal.sqlite").write_bytes(b"x" * 1000)
    assert 1000 == cloud.kept_bytes(place)

    assert not cloud.down(place)

    assert Phase.NONE is cloud.status(place).phase
    assert {"logs", "lock"} == {path.name for path in place.root.iterdir()}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"processes": [{"pid": "x"}]})])
def test_a_damaged_state_file_is_named_with_the_way_out(place: Place, text: str) -> None:
    """It is not taken for "nothing runs": a second cloud beside the first would take its ports."""
    place.state_file.write_text(text)

    for ask in (cloud.status, cloud.stop, cloud.down):
        with pytest.raises(Conflict, match="damaged") as refused:
            ask(place)
        assert "local_state" == refused.value.code
        assert str(place.state_file) in refused.value.message
