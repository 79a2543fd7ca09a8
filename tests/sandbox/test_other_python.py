"""The corpus under the other supported Python: the language and its guards differ by version."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sandbox import harness

ROOT = Path(__file__).parents[2]
FILE = "escape_corpus.jsonl"
OTHER = (3, 13) if sys.version_info[:2] == (3, 11) else (3, 11)
NAME = "python{}.{}".format(*OTHER)
SETTINGS = '[function]\nengine = "restricted"\nlimits = { wall_s = 1 }\n'
# What is behind `functions test --batch`: the command line itself needs a compiled package, which
# is there for one Python only.
BATCH = (
    "import json, sys; from pathlib import Path; from cli.functions_test import run_batch;"
    " sys.stdout.writelines(json.dumps(each) + '\\n' for each in run_batch(Path(sys.argv[1])))"
)


def _candidates() -> Iterator[str]:
    yield os.environ.get("PENSTOCK_OTHER_PYTHON", "")
    for folder in os.get_exec_path():
        yield shutil.which(NAME, path=folder) or ""
    versions = Path.home() / ".pyenv" / "versions"
    yield from (str(path) for path in versions.glob(f"{OTHER[0]}.{OTHER[1]}.*/bin/{NAME}"))


def _is_other(python: str) -> bool:
    # A version manager's shim is there for versions, too, that it will not start.
    command = [python, "-c", "import sys; print(sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a Python
    return done.returncode == 0 and done.stdout.strip() == str(OTHER)


@functools.cache
def _other() -> str | None:
    return next((each for each in _candidates() if each and _is_other(each)), None)


def _need_other() -> tuple[str, dict[str, str]]:
    """The other Python, and an environment in which it finds our code and its one dependency."""
    python = _other()
    if python is None:
        pytest.skip(f"NOT TESTED: {NAME}; install it, or name it in PENSTOCK_OTHER_PYTHON")
    spec = find_spec("RestrictedPython")
    assert spec is not None
    assert spec.origin is not None
    return python, {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(spec.origin).parents[1])])}


def test_every_attack_of_the_corpus_ends_as_expected_under_the_other_python(tmp_path: Path) -> None:
    """What one version's compiler stops, another's may let through."""
    python, environment = _need_other()
    (tmp_path / "penstock.toml").write_text(SETTINGS, "utf-8")
    cases = Path(shutil.copy(harness.HERE / FILE, tmp_path))

    done = subprocess.run(  # noqa: S603 - our own command
        [python, "-c", BATCH, str(cases)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.split("\n") if line]
    wanted = harness.cases(FILE)
    assert [each["id"] for each in found] == [case["id"] for case in wanted]
    wrong = [
        f"{case['id']} {case['goal']}: {each['outcome']} {each['output']}"
        for case, each in zip(wanted, found, strict=True)
        if each["outcome"] not in harness.MEANS[case["expected"]] or "root:x:" in json.dumps(each)
    ]
    assert wrong == []


WAYS = {
    "seccomp": ("seccomp", ["tests.sandbox.at_level", "seccomp"]),
    "rlimit": ("rlimit", ["tests.sandbox.at_level", "rlimit"]),
    "rlimit as in Lambda": (
        "rlimit", ["tests.sandbox.confined", "--user", "tests.sandbox.under_lambda"]
    ),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
@pytest.mark.parametrize("engine", harness.ENGINES)
@pytest.mark.parametrize(
    "way",
    [
        "rlimit as in Lambda",
        *(pytest.param(level, marks=pytest.mark.pythons) for level in harness.LEVELS),
    ],
)
def test_neither_engine_lets_anything_through_under_the_other_python(way: str, engine: str) -> None:
    """The jail, the parent and the relay are the host's Python, whatever runs inside."""
    python, environment = _need_other()
    level, program = WAYS[way]
    harness.need(level, engine)

    done = subprocess.run(  # noqa: S603 - our own command
        [python, "-m", *program, engine, *harness.CORPORA],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wanted = harness.cases(*harness.CORPORA)
    assert [each["id"] for each in found] == [case["id"] for case in wanted]
    calm = harness.calm(level, engine)
    wrong = [
        text
        for case, each in zip(wanted, found, strict=True)
        for text in harness.complaints(case, each, calm, engine=engine)
    ]
    assert wrong == []
    assert {each["answer"]["isolation"] for each in found} == {level}
