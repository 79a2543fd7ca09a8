"""Everything is built for the architecture that the template says it runs on.

The template names the folder of an architecture as the place of the code, by the parameter that
Lambda gets too; `sam build` resolves it, overrides included, and runs the Makefile of that folder.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from infra.local.place import CLOUD_VENV
from infra.scan import template
from infra.scan.template import Resource, name

LAYERS: Final = template.resources("AWS::Serverless::LayerVersion")
FOLLOWS: Final = {"Ref": "Architecture"}
# In place of the Python that builds: notes what it is to build for which architecture.
NOTES: Final = """#!/bin/sh
echo "$4 $3" >> "$NOTED"
echo built > "$5/built"
"""


@pytest.mark.parametrize("function", template.functions(), ids=name)
def test_a_function_is_built_for_the_architecture_that_it_runs_on(function: Resource) -> None:
    """One parameter says both, so that an override cannot leave the other behind."""
    assert [FOLLOWS] == function.properties["Architectures"]
    place = function.properties.get("CodeUri") or function.properties["Code"]
    assert place["Fn::Sub"].endswith("build/${Architecture}")


@pytest.mark.parametrize("layer", LAYERS, ids=name)
def test_a_layer_is_built_for_the_functions_that_use_it(layer: Resource) -> None:
    """It holds compiled wheels."""
    assert [FOLLOWS] == layer.properties["CompatibleArchitectures"]
    assert layer.properties["ContentUri"]["Fn::Sub"].endswith("build/${Architecture}")
    assert FOLLOWS == layer.raw["Metadata"]["BuildArchitecture"]


def test_sam_build_follows_the_parameters(tmp_path: Path) -> None:
    """The real `sam`, with both parameters at the other value than their default."""
    overrides = ["Architecture=x86_64", "SandboxArchitecture=arm64"]
    built = _sam_build(tmp_path, options=["--parameter-overrides", *overrides])
    assert "arm64" == built.pop("SandboxFunction")
    assert {"x86_64"} == set(built.values())
    assert {"DependenciesLayer", "WarehouseLayer", "ApiFunction"} <= built.keys()


def test_a_stage_is_built_with_the_parameters_that_it_is_deployed_with(tmp_path: Path) -> None:
    """They stand in one place: of two command lines one is forgotten, and nothing starts."""
    config = (template.ROOT / "samconfig.toml").read_text(encoding="utf-8")
    place = tmp_path / "samconfig.toml"
    place.write_text(config.replace('"Stage=dev"', '"Stage=dev", "Architecture=x86_64"'))
    options = ["--config-file", str(place), "--config-env", "dev"]
    assert {"x86_64"} == set(_sam_build(tmp_path, options=options).values())


def _sam_build(place: Path, *, options: list[str]) -> dict[str, str]:
    noted, python = place / "noted", place / "python"
    python.write_text(NOTES)
    python.chmod(0o755)
    done = subprocess.run(  # noqa: S603 - our own template
        [
            *(str(CLOUD_VENV / "bin" / "sam"), "build", "--build-dir", str(place / "build")),
            *options,
        ],
        cwd=template.ROOT,
        env={
            **os.environ,
            "NOTED": str(noted),
            "PENSTOCK_PYTHON": str(python),
            "SAM_CLI_TELEMETRY": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return dict(line.split() for line in noted.read_text().splitlines())
