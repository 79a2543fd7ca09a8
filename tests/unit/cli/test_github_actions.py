"""The example for GitHub Actions: its commands, run as GitHub runs them, against the real API.

Only two kinds of steps are not run: the actions of others, and the installation of `penstock`, in
the place of which stands the command of this repository.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

import pytest

from cli.project import yaml_text
from tests.unit.cli.conftest import ROOT, Command, Ran

EXAMPLE: Final = ROOT / "examples" / "github-actions"
WORKFLOWS: Final = EXAMPLE / ".github" / "workflows"
INSTALLATION: Final = "Install penstock"
READ_SCOPES: Final = [
    f"{each}:read" for each in ("functions", "transforms", "webhooks", "syncs", "keys")
]
FLOOR: Final = "Bearer hunter2-hunter2"
_PINNED: Final = re.compile(r"[\w./-]+@[0-9a-f]{40}")
_EXPRESSION: Final = re.compile(r"\$\{\{ (?P<place>[\w.]+) \}\}")


def workflow(name: str) -> Any:
    """A workflow as GitHub reads it."""
    return yaml_text.parse((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))


class Repository:
    """A repository with a copy of the example, and the secrets and variables that it needs."""

    def __init__(self, penstock: Command) -> None:
        self.penstock = penstock
        self.folder = penstock.folder / "repository"
        shutil.copytree(EXAMPLE, self.folder)
        self.summary = penstock.folder / "summary.md"
        reader = {"name": "ci reads", "scopes": READ_SCOPES}
        self.known = {
            "vars.PENSTOCK_API_URL": penstock.environment["PENSTOCK_API_URL"],
            "secrets.PENSTOCK_READ_KEY": penstock.api.post("/v1/api-keys", reader).json["key"],
            "secrets.PENSTOCK_WRITE_KEY": penstock.environment["PENSTOCK_API_KEY"],
            "secrets.FLOOR_AUTHORIZATION": FLOOR,
        }
        command = penstock.folder / "bin" / "penstock"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli.main "$@"\n', "utf-8")
        command.chmod(0o755)

    def run(self, name: str) -> list[Ran]:
        """Run the steps of a workflow in turn, until one fails."""
        [job] = workflow(name)["jobs"].values()
        ran: list[Ran] = []
        for step in job["steps"]:
            if "uses" in step or step["name"] == INSTALLATION:
                continue
            ran.append(self._step(step))
            if ran[-1].code:
                break
        return ran

    def _step(self, step: Mapping[str, Any]) -> Ran:
        own = {
            name: _EXPRESSION.sub(lambda match: self.known[match["place"]], text)
            for name, text in step["env"].items()
        }
        done = subprocess.run(  # noqa: S603 - the commands are those of the example
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607 - GitHub's own is the one of the path
            cwd=self.folder,
            env={
                "PATH": f"{self.penstock.folder / 'bin'}:{self.penstock.environment['PATH']}",
                "HOME": str(self.penstock.folder),
                "PYTHONPATH": str(ROOT),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "CI": "true",
                **own,
            },
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Command.read(done)


@pytest.fixture
def repository(penstock: Command) -> Repository:
    """A repository of a new tenant's."""
    return Repository(penstock)


def test_a_plan_is_shown_then_applied_and_drift_fails_the_nightly_run(
    repository: Repository,
) -> None:
    """The key that plans and looks for drift can change nothing."""
    api = repository.penstock.api
    [planned] = repository.run("plan")
    before = api.get("/v1/webhooks").json["data"]
    [applied] = repository.run("apply")
    [calm] = repository.run("drift")
    [hook] = api.get("/v1/webhooks").json["data"]
    api.call("PATCH", f"/v1/webhooks/{hook['id']}", {"timeout_s": 20})
    [drifted] = repository.run("drift")
    [mended] = repository.run("apply")

    assert (0, []) == (planned.code, before), planned.err
    summary = repository.summary.read_text(encoding="utf-8")
    assert summary.startswith("```diff\n+ function order-slip\n")
    assert summary.endswith("5 to create, 0 to change, 0 the same\n```\n")
    assert 0 == applied.code, applied.err
    assert "created key shop (key_" in applied.out
    assert 0 == calm.code, calm.err
    assert 3 == drifted.code
    assert "    timeout_s: 20 → 10\n" in drifted.out
    assert 0 == mended.code
    shown = planned.out + applied.out + applied.err + drifted.out + summary
    for secret in ("psk_", "whsec_", FLOOR):
        assert secret not in shown, "whatever a log says, it says for good"


@pytest.mark.parametrize("name", ["plan", "apply", "drift"])
def test_a_workflow_may_no_more_than_it_needs(name: str) -> None:
    """It reads the repository, and runs nobody's code that can change behind its name."""
    document = workflow(name)

    assert {"contents": "read"} == document["permissions"]
    [job] = document["jobs"].values()
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(_PINNED.fullmatch(action) for action in actions)
    assert "PENSTOCK_WRITE_KEY" not in str(document) or name == "apply"
    # Nothing that others write, such as a pull request's title, stands in a command.
    assert all("${{" not in step.get("run", "") for step in job["steps"])


def test_each_workflow_of_the_example_is_run_here() -> None:
    """A fourth one needs a test."""
    assert {"plan", "apply", "drift"} == {path.stem for path in WORKFLOWS.iterdir()}
