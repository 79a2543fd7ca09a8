"""`penstock doctor`: what it says must be what would happen."""

import platform
import subprocess
import sys
from typing import Any

import pytest

from tests.unit.cli.conftest import Command

# Seccomp cannot be had in a process that is refused it, as in AWS Lambda.
WITHOUT_SECCOMP = (
    "import sys; from sandbox.jail.seccomp import Filter;"
    " from tests.sandbox.lambda_filter import lambda_program;"
    f" Filter(lambda_program({platform.machine()!r})).install();"
    " from cli.main import main; sys.exit(main(['doctor', '--json']))"
)


def _sandbox(document: Any) -> dict[str, str]:
    (found,) = (check for check in document["checks"] if check["name"] == "sandbox")
    assert isinstance(found, dict)
    return found


def test_the_sandbox_that_runs_here_is_found_well(penstock: Command) -> None:
    """Nobody is to be frightened by a machine that is in order."""
    found = _sandbox(penstock("doctor", "--json").json)

    assert "ok" == found["verdict"]
    assert found["found"] in {"seccomp", "rlimit"}


def test_a_sandbox_level_that_does_not_exist_fails(penstock: Command) -> None:
    """`functions test` refuses it as well: both read the same setting."""
    ran = penstock("doctor", "--json", PENSTOCK_SANDBOX_ISOLATION="none")

    found = _sandbox(ran.json)
    assert (1, "failed") == (ran.code, found["verdict"])
    assert "PENSTOCK_SANDBOX_ISOLATION" in found["advice"]


def test_egress_that_is_turned_off_is_told(penstock: Command) -> None:
    """Else one looks for the fault in the function, or in the network."""
    ran = penstock("doctor", "--json", PENSTOCK_SANDBOX_EGRESS="none")

    found = _sandbox(ran.json)
    assert ("ok", "context.http is turned off") == (found["verdict"], found["advice"])


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
@pytest.mark.parametrize(
    ("allowed", "verdict", "level"), [("0", "failed", "none"), ("1", "warning", "weak")]
)
def test_where_no_layer_holds_the_doctor_says_what_functions_test_does(
    penstock: Command, allowed: str, verdict: str, level: str
) -> None:
    """A doctor that finds a machine well on which nothing can be run has not looked."""
    asked = {"PENSTOCK_SANDBOX_ISOLATION": "seccomp", "PENSTOCK_ALLOW_WEAK_SANDBOX": allowed}

    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", WITHOUT_SECCOMP],
        cwd=penstock.folder,
        env={**penstock.environment, **asked},
        capture_output=True,
        timeout=60,
        check=False,
    )

    found = _sandbox(penstock.read(done).json)
    assert (verdict, level) == (found["verdict"], found["found"])
    assert found["advice"]
    if verdict == "failed":
        assert 1 == done.returncode
