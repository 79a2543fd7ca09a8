"""SAM's own expansion of the root template, as CloudFormation makes it before all else.

SAM decides some things by itself, from the parameters that a deployment gives: which functions have
versions, and whether CodeDeploy moves their callers. The template's file does not show it.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from infra.local.place import CLOUD_VENV
from infra.scan import template

# In place of the objects that `sam package` would put on S3.
CODE: Final = {"Bucket": "code", "Key": "of-today"}
_EXPAND: Final = """
import json, sys
from types import SimpleNamespace
from samtranslator.translator.transform import transform
given = json.load(sys.stdin)
nothing = SimpleNamespace(load=dict)  # managed policies, of which the template names none
print(json.dumps(transform(given["template"], given["parameters"], nothing)))
"""


def expanded(*, code: Mapping[str, str] = CODE, **parameters: str) -> dict[str, Any]:
    """The root template without SAM's types.

    Args:
        code: where the code of every function and layer is.
        parameters: of the template; those that are not given have their defaults.

    Raises:
        ValueError: SAM does not take the template; its words.
    """
    given = {"template": _packaged(code), "parameters": parameters}
    done = subprocess.run(  # noqa: S603 - samtranslator is in the environment of sam
        [str(CLOUD_VENV / "bin" / "python"), "-c", _EXPAND],
        input=json.dumps(given),
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ValueError(f"SAM does not expand the template: {done.stderr[-2_000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _packaged(code: Mapping[str, str]) -> dict[str, Any]:
    """A copy of the template with code that is on S3."""
    copy: dict[str, Any] = json.loads(json.dumps(template.stacks()[""]))
    copy["Globals"]["Function"]["CodeUri"] = dict(code)
    for resource in copy["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = dict(code)
    return copy
