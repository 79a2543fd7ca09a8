"""`penstock admin bootstrap` and `penstock doctor`."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cli import _config
from cli.main import main
from runtime.core.audit.entry import ActorKind, ChangeOutcome
from runtime.core.audit.selection import Selection
from runtime.core.tenancy.api_key import digest
from runtime.core.tenancy.scopes import ADMIN
from runtime.stores.tenancy.api_keys import ApiKeys
from tests import audit
from tests.cloud import Cloud, in_process
from tests.unit.cli.conftest import Command


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account with an installed stack `penstock` and another one, `shop`."""
    with in_process() as account:
        own = {
            "ApiUrl": "https://api.example.com/",
            "ConfigTable": account.config.table.name,
            "AuditTable": account.audit.table.name,
        }
        for name, values in (("penstock", own), ("shop", {"Bucket": "shop"})):
            resource = {"Type": "AWS::SNS::Topic", "Properties": {}}
            outputs = {output: {"Value": value} for output, value in values.items()}
            template = {"Resources": {"Topic": resource}, "Outputs": outputs}
            boto3.client("cloudformation").create_stack(
                StackName=name, TemplateBody=json.dumps(template)
            )
        yield account


def test_bootstrap_makes_a_working_admin_key(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first key of an installation has nobody to grant it but AWS itself."""
    code = main(["admin", "bootstrap", "--stack", "penstock", "--tenant", "acme", "--json"])

    made = json.loads(capsys.readouterr().out)
    found = ApiKeys(config=cloud.config).find(digest(made["api_key"]))
    assert (0, "acme") == (code, made["tenant"])
    assert found is not None
    assert ("acme", True) == (found.tenant, ADMIN in found.scopes)


def test_a_bootstrap_stands_in_the_audit_log_and_the_sweep_tells_of_it(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that may do everything, from somebody who needs none to make it."""
    main(["admin", "bootstrap", "--stack", "penstock", "--tenant", "acme", "--json"])
    key = json.loads(capsys.readouterr().out)["api_key"]

    [entry] = cloud.audit.list("acme", Selection()).items

    assert (ActorKind.OPERATOR, "operator", None, "api_key.created", ChangeOutcome.DONE) == (
        entry.actor_kind,
        entry.actor_name,
        entry.actor_id,
        entry.action,
        entry.outcome,
    )
    assert (entry.resource_id, "bootstrap") == ((entry.after or {})["id"], entry.after["name"])  # type: ignore[index]
    assert key not in repr(entry)
    assert 1 == audit.sweep_later(cloud)


def test_bootstrap_again_makes_another_key(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lost key is replaced by whoever holds the AWS account."""
    keys = set()
    for _ in range(2):
        assert 0 == main(["admin", "bootstrap", "--stack", "penstock", "--json"])
        keys.add(json.loads(capsys.readouterr().out)["api_key"])

    assert 2 == len(keys)
    assert cloud.config.table.name


def test_bootstrap_keeps_the_key_under_a_name_and_shows_it_to_nobody(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No history of a shell has it then, and no screen that somebody else sees."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert 0 == main(["admin", "bootstrap", "--stack", "penstock", "--save", "dev", "--json"])

    shown = capsys.readouterr().out
    kept = _config.load().entry("dev")
    assert {"api_url": f"{kept.api_url}/", "saved_as": "dev", "tenant": "main"} == json.loads(shown)
    assert kept.api_key not in shown
    assert ApiKeys(config=cloud.config).find(digest(kept.api_key)) is not None
    assert "https://api.example.com" == kept.api_url


def test_a_key_that_nobody_can_keep_is_not_made(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be valid, and known to nobody."""
    assert 2 == main(["admin", "bootstrap", "--stack", "penstock", "--save", "a b", "--json"])

    assert "bad_name" == json.loads(capsys.readouterr().out)["error"]["code"]
    assert not cloud.audit.list("main", Selection()).items


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--stack", "nowhere"], "stack_not_found"),
        (["--stack", "shop"], "not_penstock"),
        (["--stack", "penstock", "--tenant", "Not A Tenant"], "bad_tenant"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_bootstrap_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    """The wrong region, the wrong stack and the wrong name look alike from afar."""
    assert 1 == main(["admin", "bootstrap", *arguments, "--json"])
    assert code == json.loads(capsys.readouterr().out)["error"]["code"]


def test_the_doctor_finds_a_well_machine_well(penstock: Command) -> None:
    """What it says of this machine is what the sandbox will do here."""
    ran = penstock("doctor", "--json")

    found = {check["name"]: check for check in ran.json["checks"]}
    assert (0, True) == (ran.code, ran.json["ok"])
    machine = {"python", "set-up", "bytecode", "sandbox", "engine wasm", "engine restricted"}
    assert machine | {"advisories", "local cloud", "api"} == set(found)
    assert found["sandbox"]["found"] in {"seccomp", "rlimit"}
    assert "environment" in found["api"]["found"]


def test_the_doctor_fails_when_the_api_does_not_answer(penstock: Command) -> None:
    """A script may ask the doctor first."""
    ran = penstock("doctor", "--json", PENSTOCK_API_KEY="psk_wrong")

    [api] = [check for check in ran.json["checks"] if check["name"] == "api"]
    assert (1, False) == (ran.code, ran.json["ok"])
    assert ("failed", True) == (api["verdict"], "unknown" in api["advice"])
