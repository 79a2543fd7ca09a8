"""Builds and deploys the real template with the real `sam`."""

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
# The emulator runs each copy of a function in a process of its own, and a laptop may have two
# cores: more copies would only take turns. `deliver` has more, because its copies wait for
# receivers, and one slow receiver must not occupy all of them.
LAPTOP: Final = {
    "ArchiveWindowSeconds": "2",
    "MatchConcurrency": "2",
    "DeliverConcurrency": "10",
    "SlowConcurrency": "2",
    "RunConcurrency": "2",
    "SyncConcurrency": "2",
    "ProfileConcurrency": "2",
}


def prefetch(*, log: Path) -> None:
    """Make the bundles that need the package index, in the user's own environment.

    `sam` runs with another home folder, where pip would not find the user's configuration.
    """
    builder = [str(CLOUD_VENV / "bin" / "python"), "-m", "infra.build.bundle"]
    _run([*builder, "--prefetch", *LAYERS], env=os.environ, log=log)


def build(place: Place) -> None:
    """Run `sam build` for this machine and its Python.

    Raises:
        StartFailed: it failed.
    """
    environment = {
        **bare_environment(place),
        "SAM_CLI_TELEMETRY": "0",
        "PENSTOCK_BUILD_FOR": "host",
        "PENSTOCK_PYTHON": str(CLOUD_VENV / "bin" / "python"),
    }
    command = [_sam(), "build", "--build-dir", str(place.build), "--template", _template()]
    _run(command, env=environment, log=place.logs / "sam-build.log")


def deploy(place: Place, *, endpoint: str, parameters: Mapping[str, str]) -> None:
    """Run `sam deploy` of the built template, to the emulator at `endpoint`.

    Raises:
        StartFailed: it failed.
    """
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
    """The outputs of the deployed stack: value by name."""
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def function(functions: Any, name: str) -> str:
    """The deployed name of a Lambda of the template, also where the account has other stacks.

    Args:
        functions: a client of Lambda.
        name: of the Lambda in the template.
    """
    pages = functions.get_paginator("list_functions").paginate()
    names = [each["FunctionName"] for page in pages for each in page["Functions"]]
    [deployed] = [each for each in names if each.startswith(f"{STACK}-{name}-")]
    return str(deployed)


def _sam() -> str:
    return str(CLOUD_VENV / "bin" / "sam")


def _template() -> str:
    return str(ROOT / "template.yaml")


def _run(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
    with log.open("wb") as output:
        process = subprocess.run(
            command,
            env=dict(env),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if process.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        program = " ".join(Path(part).name for part in command[:2])
        raise StartFailed(f"{program} ended with {process.returncode}; its log ends with:\n{end}")
