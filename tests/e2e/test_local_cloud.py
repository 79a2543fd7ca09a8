"""What a local cloud promises besides running the product."""

import json
import os
import resource
import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local import cloud
from infra.local.cloud import Options
from infra.local.emulator import REGION
from infra.local.place import Place
from infra.local.state import LocalCloud, Phase
from infra.scan import template
from runtime.errors import Conflict
from runtime.stores.aws import queue_depths
from tests.e2e.recorder import Recorder, Request

pytestmark = pytest.mark.e2e


def test_the_api_answers_to_its_own_key_only(local_cloud: LocalCloud) -> None:
    """What `up` prints is enough to work with, and nothing less is."""
    topics = f"{local_cloud.api_url}/v1/topics"
    known = httpx.get(topics, headers=_key(local_cloud.api_key), timeout=30)  # it starts cold
    unknown = httpx.get(topics, headers=_key("psk_of_nobody"), timeout=30)
    assert (200, 401) == (known.status_code, unknown.status_code)


def test_a_second_up_is_refused_and_harms_nothing(local_cloud: LocalCloud, place: Place) -> None:
    """Two terminals are a common accident."""
    with pytest.raises(Conflict) as refused:
        cloud.up(Options(), place=place, say=lambda _line: None)
    assert "local_up" == refused.value.code
    assert cloud.status(place).cloud == local_cloud
    assert cloud.status(place).running


def test_a_role_of_the_template_is_enforced(local_cloud: LocalCloud) -> None:
    """Otherwise a missing permission would show in the first real account only."""
    root = _session("test")
    iam = root.client("iam", endpoint_url=local_cloud.aws_endpoint)
    [sandbox] = [role for role in iam.list_roles()["Roles"] if "Sandbox" in role["RoleName"]]
    sts = root.client("sts", endpoint_url=local_cloud.aws_endpoint)
    given = sts.assume_role(RoleArn=sandbox["Arn"], RoleSessionName="escaped")["Credentials"]
    escaped = boto3.Session(
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        escaped.client("s3", endpoint_url=local_cloud.aws_endpoint).list_buckets()
    with pytest.raises(ClientError, match="AccessDenied"):
        escaped.client("dynamodb", endpoint_url=local_cloud.aws_endpoint).list_tables()


def test_every_queue_of_the_template_is_seen_with_the_age_of_its_oldest_message(
    local_cloud: LocalCloud,
) -> None:
    """What `penstock doctor` shows of a local cloud; in AWS the ages are metrics of CloudWatch."""
    session = _session("test")

    depths = queue_depths.read(
        local_cloud.stack,
        client=partial(session.client, endpoint_url=local_cloud.aws_endpoint),
        now=datetime.now(UTC),
    )

    queues = {queue.name for queue in template.resources("AWS::SQS::Queue")}
    assert queues == {depth.name for depth in depths}
    assert all(depth.oldest_s is not None for depth in depths)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are read from /proc")
def test_everything_listens_on_loopback_only(local_cloud: LocalCloud, place: Place) -> None:
    """A café's network must not find a cloud with a well-known root key."""
    assert local_cloud.aws_endpoint.startswith("http://127.0.0.1:")
    leaders = {each.pid for each in cloud.status(place).processes}
    inodes = {inode for pid in _sessions(leaders) for inode in _sockets(pid)}
    listening = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    ours = {fields[1].partition(":")[0] for fields in listening if fields[9] in inodes}
    assert {"0100007F"} == ours


@pytest.mark.parametrize("gone", [["redshift"], ["ministack"], ["ministack", "redshift"]])
def test_what_was_killed_is_started_again_where_it_was(
    local_cloud: LocalCloud, place: Place, gone: list[str]
) -> None:
    """With the same addresses and the same key; what still runs is left alone."""
    before = {each.name: each for each in cloud.status(place).processes}
    for name in gone:
        os.kill(before[name].pid, signal.SIGKILL)
        os.waitid(os.P_PID, before[name].pid, os.WEXITED | os.WNOWAIT)
    assert Phase.HALF_DEAD is cloud.status(place).phase

    assert local_cloud == cloud.up(Options(), place=place, say=lambda _line: None)

    after = {each.name: each for each in cloud.status(place).processes}
    assert gone == [name for name in before if before[name].pid != after[name].pid]
    assert cloud.status(place).running
    asked = httpx.get(
        f"{local_cloud.api_url}/v1/topics", headers=_key(local_cloud.api_key), timeout=30
    )
    assert 200 == asked.status_code


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits other processes")
def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(
    local_cloud: LocalCloud, place: Place, recorder: Recorder
) -> None:
    """The emulator can write to no file; what is refused says why, and is taken when there is room.

    What was accepted before is delivered.
    """
    key = _key(local_cloud.api_key)
    wanted = {"name": "full", "url": recorder.url("full"), "topics": ["metric.full"]}
    webhook = httpx.post(f"{local_cloud.api_url}/v1/webhooks", json=wanted, headers=key, timeout=60)
    [emulator] = [each.pid for each in cloud.status(place).processes if each.name == "ministack"]

    def send(number: int) -> httpx.Response:
        event = {"id": f"full_{number}", "topic": "metric.full", "properties": {}}
        url = f"{local_cloud.api_url}/v1/events"
        return httpx.post(url, json={"events": [event]}, headers=key, timeout=60)

    accepted = send(0)
    recorder.wait("full", bool)
    before = resource.prlimit(emulator, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        refused = send(1)
    finally:
        resource.prlimit(emulator, resource.RLIMIT_FSIZE, before)
    again = send(1)

    assert (True, 503, True) == (accepted.is_success, refused.status_code, again.is_success)
    assert "journal_not_written" == refused.json()["code"]
    got = recorder.wait("full", lambda got: len({_event_id(each) for each in got}) > 1)
    assert {"full_0", "full_1"} == {_event_id(each) for each in got}
    kept = httpx.get(f"{local_cloud.api_url}/v1/events/full_0", headers=key, timeout=60)
    assert "metric.full" == kept.json()["topic"]
    shown = f"{local_cloud.api_url}/v1/webhooks/{webhook.json()['id']}"
    assert 204 == httpx.delete(shown, headers=key, timeout=30).status_code


def _event_id(request: Request) -> str:
    return str(json.loads(request.body)["data"]["id"])


def test_what_was_stopped_is_the_same_when_it_is_up_again(
    local_cloud: LocalCloud, place: Place
) -> None:
    """Nothing runs meanwhile, and a webhook is still there with its id."""
    leaders = {each.pid for each in cloud.status(place).processes}
    webhooks, key = f"{local_cloud.api_url}/v1/webhooks", _key(local_cloud.api_key)
    wanted = {"name": "kept", "url": "http://localhost:9000/", "topics": ["metric.kept"]}
    made = httpx.post(webhooks, json=wanted, headers=key, timeout=30).json()

    assert cloud.stop(place)
    assert not _sessions(leaders)
    assert Phase.STOPPED is cloud.status(place).phase
    assert local_cloud == cloud.up(Options(), place=place, say=lambda _line: None)

    shown = httpx.get(f"{webhooks}/{made['id']}", headers=key, timeout=30)
    assert (200, wanted["url"]) == (shown.status_code, shown.json()["url"])
    assert 204 == httpx.delete(f"{webhooks}/{made['id']}", headers=key, timeout=30).status_code


def test_down_leaves_no_process_and_empties_its_folder(
    local_cloud: LocalCloud, place: Place
) -> None:
    """The last of this module: it ends the cloud of the session."""
    leaders = {each.pid for each in cloud.status(place).processes}
    assert local_cloud.stack == "penstock"

    assert cloud.down(place)

    assert not _sessions(leaders)
    assert not cloud.status(place).processes
    assert {"logs", "build", "lock"} >= {
        path.name for path in place.root.iterdir() if path.suffix != ".toml"
    }
    assert not cloud.down(place)


def _session(key: str) -> boto3.Session:
    return boto3.Session(region_name=REGION, aws_access_key_id=key, aws_secret_access_key=key)


def _key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _sessions(leaders: set[int]) -> set[int]:
    """Every process of the sessions that these processes lead.

    One that has ended counts no more, also while its parent has not asked how.
    """
    living = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended while we looked
            continue
        if state != "Z" and int(session) in leaders:
            living.add(int(stat.parent.name))
    return living


def _sockets(pid: int) -> set[str]:
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(handle.readlink())
        except FileNotFoundError:  # closed while we looked
            continue
        if target.startswith("socket:["):
            found.add(target.removeprefix("socket:[").removesuffix("]"))
    return found
