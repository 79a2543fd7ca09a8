"""Building and deploying the real template with the real `sam`."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra.local.emulator import aws_environment, bare_environment
from infra.local.place import CLOUD_VENV, ROOT, Place
from infra.local.processes import StartFailed

STACK: Final = "penstock"
LAYERS: Final = ("DependenciesLayer", "WarehouseLayer", "SandboxFunction")
# Two cores and one process for each copy of a function: more copies only take turns. But those of
# `deliver` wait for receivers: fewer than these would all be held by one that is slow.
LAPTOP: Final = {
    "ArchiveWindowSeconds": "2",
    "MatchConcurrency": "2",
    "DeliverConcurrency": "10",
    "SlowConcurrency": "2",
    "RunConcurrency": "2",
    "ProfileConcurrency": "2",
}


def prefetch(*, log: Path) -> None:
    """Make the bundles that need the package index, in the user's own environment.

    `sam` runs with a home of its own, where pip's configuration would not be found.
    """
    builder = [str(CLOUD_VENV / "bin" / "python"), "-m", "infra.build.bundle"]
    _run([*builder, "--prefetch", *LAYERS], env=os.environ, log=log)


def build(place: Place) -> None:
    """`sam build` for this machine and its Python."""
    environment = {
        **bare_environment(place),
        "SAM_CLI_TELEMETRY": "0",
        "PENSTOCK_BUILD_FOR": "host",
        "PENSTOCK_PYTHON": str(CLOUD_VENV / "bin" / "python"),
    }
    command = [_sam(), "build", "--build-dir", str(place.build), "--template", _template()]
    _run(command, env=environment, log=place.logs / "sam-build.log")


def deploy(place: Place, *, endpoint: str, parameters: Mapping[str, str]) -> None:
    """`sam deploy` of what was built, to the emulator at `endpoint`."""
    environment = {
        **bare_environment(place),
        **aws_environment(endpoint),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
    }
    overrides = [f'{name}="{text}"' for name, text in parameters.items()]  # a value may have spaces
    command = [
        *(_sam(), "deploy", "--template-file", str(place.build / "template.yaml")),
        *("--stack-name", STACK, "--resolve-s3", "--no-progressbar"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--parameter-overrides", *overrides),
    ]
    _run(command, env=environment, log=place.logs / "sam-deploy.log")


def outputs(cloudformation: Any) -> dict[str, str]:
    """The outputs of the deployed stack."""
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def _sam() -> str:
    return str(CLOUD_VENV / "bin" / "sam")


def _template() -> str:
    return str(ROOT / "template.yaml")


def _run(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            env=dict(env),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        what = " ".join(Path(part).name for part in command[:2])
        raise StartFailed(f"{what} ended with {done.returncode}; its log ends with:\n{end}")
