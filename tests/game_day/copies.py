"""Copies of deployed functions, each in a process of its own, whose clock the game day moves.

They have the code of this tree, the variables of the deployed function, and its role's credentials.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from infra.local import deploy
from infra.local.place import ROOT
from infra.removal.ground import Ground

END_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one invocation."""

    answer: Any  # what the handler returned; None if it raised
    error: str | None  # what it raised; None if it returned
    log: str  # what it wrote


@dataclass(kw_only=True)
class Copy:
    """One copy of one function."""

    name: str  # of the deployed function
    environment: Mapping[str, str]
    _process: "subprocess.Popen[str]" = field(init=False)

    @classmethod
    def of(cls, ground: Ground, function: str, *, variables: Mapping[str, str]) -> Self:
        """A copy of a function, as the template names it, with these variables over its own."""
        functions = ground.client("lambda")
        name = deploy.function(functions, function)
        deployed = functions.get_function_configuration(FunctionName=name)
        role = ground.client("sts").assume_role(
            RoleArn=deployed["Role"], RoleSessionName="game-day"
        )["Credentials"]
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_REGION": ground.local.region,
            "AWS_DEFAULT_REGION": ground.local.region,
            "AWS_ENDPOINT_URL": ground.local.aws_endpoint,
            "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["SessionToken"],
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "_HANDLER": deployed["Handler"],
            **deployed["Environment"]["Variables"],
            **variables,
        }
        return cls(name=name, environment=environment)

    def __post_init__(self) -> None:
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.game_day.moved_copy"],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def invoke(self, event: Mapping[str, Any], *, at: datetime) -> Answer:
        """Call the handler at this time, and wait until it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"event": event, "at_s": at.timestamp()}) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=END_S)
