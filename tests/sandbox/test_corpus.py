"""Hostile functions against the real sandbox, at each level of isolation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.sandbox import harness

FILES = harness.FILES


def _judge(found: list[dict[str, Any]], level: str, *, engine: str) -> None:
    wanted = harness.cases(*FILES)
    calm = harness.calm(level, engine)
    assert [each["id"] for each in found] == [case["id"] for case in wanted]
    pairs = zip(wanted, found, strict=True)
    wrong = [harness.complaints(case, each, calm, engine=engine) for case, each in pairs]
    assert [text for each in wrong for text in each] == []
    ran = {(each["answer"]["isolation"], each["answer"]["engine"]) for each in found}
    assert ran == {(level, engine)}


@pytest.mark.parametrize("level", harness.LEVELS)
def test_the_self_test_finds_no_leak(level: str) -> None:
    """A level that lets something through is not used, and then nobody tests it either."""
    harness.need(level)
    with Sandbox(Options(level)) as box:
        assert box.doctor()["isolation"] == level


def test_a_leak_that_has_a_name_fails_and_only_a_kernel_without_the_filter_is_skipped() -> None:
    """Green must never mean that the stronger level was quietly left out."""
    harness.judge_level("seccomp", [])
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED: seccomp"):
        harness.judge_level("seccomp", ["not available here: OSError", "did not finish"])
    with pytest.raises(pytest.fail.Exception, match="fork"):
        harness.judge_level("seccomp", ["fork"])
    with pytest.raises(pytest.fail.Exception, match="rlimit"):
        harness.judge_level("rlimit", ["not available here: OSError"])


@pytest.mark.parametrize("engine", harness.ENGINES)
@pytest.mark.parametrize("level", ["seccomp", pytest.param("rlimit", marks=pytest.mark.pythons)])
def test_every_attack_ends_as_expected_and_the_next_function_notices_nothing(
    level: str, engine: str
) -> None:
    """A tenant may publish anything at all; nobody else may ever learn of it."""
    harness.need(level, engine)
    _judge(harness.run_all(level, harness.cases(*FILES), engine=engine), level, engine=engine)


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
@pytest.mark.parametrize("engine", harness.ENGINES)
def test_every_attack_ends_as_expected_where_lambda_refuses_seccomp(engine: str) -> None:
    """In AWS Lambda prctl and seccomp are refused; the rlimit jail has to hold by itself.

    The host is an ordinary user there. What root's rlimit jail stops, the test above shows where it
    is asked to (`make test-pythons`).
    """
    harness.need("rlimit", engine)
    program = ["tests.sandbox.confined", "--user", "tests.sandbox.under_lambda", engine, *FILES]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", *program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _judge(json.loads(done.stdout), "rlimit", engine=engine)
