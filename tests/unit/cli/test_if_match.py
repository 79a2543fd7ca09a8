"""`--if-match` of the commands that change something: no state is changed that was not read."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.api_client import ApiClient
from tests.unit.cli.conftest import Command

HOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
FORMAT: Final = {"name": "n", "method": "format", "sources": ["a"], "settings": {"trim": True}}
SOURCE: Final = "def handler(event):\n    return {n}\n"


@pytest.fixture
def things(penstock: Command) -> Mapping[str, str]:
    """The ids of what the commands change."""
    api = penstock.api
    api.post("/v1/functions", {"name": "vip", "secrets": ["TOKEN"]})
    for n in (1, 2, 3):
        api.post("/v1/functions/vip/versions", {"source": SOURCE.format(n=n)})
    key = api.post("/v1/api-keys", {"name": "ci", "scopes": ["webhooks:read"]})
    return {
        "webhook": api.post("/v1/webhooks", HOOK).json["id"],
        "sync": api.post("/v1/syncs", {"name": "n", "kind": "s3"}).json["id"],
        "transform": api.post("/v1/transforms", FORMAT).json["id"],
        "key": key.json["id"],
    }


def etag(api: ApiClient, things: Mapping[str, str], kind: str) -> str:
    """The ETag of the thing of this kind as it stands."""
    paths = {
        "webhooks": f"/v1/webhooks/{things['webhook']}",
        "syncs": f"/v1/syncs/{things['sync']}",
        "transforms": f"/v1/transforms/{things['transform']}",
        "keys": f"/v1/api-keys/{things['key']}",
        "functions": "/v1/functions/vip",
    }
    shown: dict[str, Any] = api.get(paths[kind]).json
    return str(shown["etag"])


def test_every_change_is_made_only_of_the_state_that_was_read(
    penstock: Command, things: Mapping[str, str]
) -> None:
    """In the order in which they go one after the other, the deletions at the end."""
    for line in (
        *("webhooks disable {webhook}", "webhooks enable {webhook}"),
        *("webhooks rotate-secret {webhook}", "webhooks delete {webhook}"),
        *("syncs pause {sync}", "syncs resume {sync}", "syncs delete {sync}"),
        *("transforms disable {transform}", "transforms enable {transform}"),
        *("transforms revert {transform} 1", "transforms delete {transform}"),
        *("keys update {key} --name reads", "keys rotate {key}", "keys revoke {key}"),
        *("functions secrets set vip TOKEN", "functions secrets unset vip TOKEN"),
        *("functions publish vip --version 1", "functions canary start vip 2"),
        *("functions canary stop vip", "functions canary start vip 2"),
        *("functions canary promote vip", "functions rollback vip"),
        *("functions versions delete vip 3", "functions disable vip", "functions enable vip"),
        *("functions delete vip", "functions restore vip"),
    ):
        command = line.format(**things).split()

        stale = penstock(*command, "--if-match", "0", "--json", stdin="hush")
        assert (1, "precondition_failed") == (stale.code, stale.json["error"]["code"]), line

        read = etag(penstock.api, things, command[0])
        done = penstock(*command, "--if-match", read, "--json", stdin="hush")
        assert 0 == done.code, (line, done.err, done.out)


def test_each_of_several_errors_is_shown_in_a_line(penstock: Command) -> None:
    """Whoever has to mend three options should not have to run the command three times."""
    ran = penstock(
        *("webhooks", "create", "--url", "https://hooks.example.com/", "--topic", "metric.x"),
        *("--topic", "nonsense", "--name", "\u200b", "--timeout-s", "99"),
    )

    assert 1 == ran.code
    assert ["name", "topics", "timeout_s"] == [
        line.removeprefix("penstock: ").partition(":")[0] for line in ran.err.splitlines()
    ]
