"""Completion in the shells themselves, with the names that the API has now."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import Final

import pytest

from tests.unit.cli.conftest import Command

_BASH: Final = """
eval "$(penstock completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_penstock_completion penstock
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(penstock: Command, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    program = penstock.folder / "bin" / "penstock"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli.main "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    path = f"{program.parent}:{penstock.environment['PATH']}"
    done = subprocess.run(  # noqa: S603 - our own script
        ["bash", "--norc", "-c", _BASH, "bash", "penstock", *words],  # noqa: S607 - as the user's
        cwd=penstock.folder,
        env={**penstock.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    return done.stdout.split()


def test_bash_completes_commands_and_options(penstock: Command) -> None:
    """Also those whose modules nothing has imported yet."""
    assert ["webhooks"] == completed(penstock, "web")
    assert ["publish", "push"] == sorted(completed(penstock, "functions", "pu"))
    assert ["--min-runs"] == completed(penstock, "functions", "canary", "start", "--mi")


def test_bash_completes_the_names_that_there_are(penstock: Command) -> None:
    """Nobody types an id of thirty letters."""
    penstock.api.post("/v1/functions", {"name": "vip"})
    hook = {"name": "$(touch x)", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
    webhook = penstock.api.post("/v1/webhooks", hook).json["id"]
    sync = penstock("syncs", "create", "--name", "w", "--json").json["id"]

    assert ["vip"] == completed(penstock, "functions", "show", "")
    assert [webhook] == completed(penstock, "webhooks", "show", "")
    assert [webhook] == completed(penstock, "events", "replay", "--webhook", "")
    assert [sync] == completed(penstock, "syncs", "run", "")


@pytest.mark.parametrize(
    "environment",
    [
        {"PENSTOCK_API_URL": "http://127.0.0.1:1"},
        {"PENSTOCK_API_KEY": "psk_wrong"},
        {"PENSTOCK_API_URL": ""},
    ],
)
def test_without_an_answer_there_are_no_names_and_no_noise(
    penstock: Command, environment: dict[str, str]
) -> None:
    """An error in the middle of a line that somebody types is worse than no help."""
    lost = replace(penstock, environment={**penstock.environment, **environment})
    began_s = time.monotonic()

    assert [] == completed(lost, "functions", "show", "")
    assert time.monotonic() - began_s < 30


def test_names_are_those_of_the_connection_that_the_line_names(penstock: Command) -> None:
    """With the names of another installation one would delete the wrong thing."""
    penstock.api.post("/v1/functions", {"name": "vip"})
    url, key = (penstock.environment[f"PENSTOCK_API_{what}"] for what in ("URL", "KEY"))
    penstock("config", "set", "staging", "--url", url, stdin=key)
    lost = {**penstock.environment, "PENSTOCK_API_URL": "http://127.0.0.1:1"}
    bare = replace(penstock, environment=lost)

    assert ["vip"] == completed(bare, "--as", "staging", "functions", "show", "")
    assert ["staging"] == completed(bare, "config", "use", "sta")
    assert ["staging"] == completed(bare, "--as", "sta")


@pytest.mark.parametrize(
    ("shell", "question", "answer"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "penstock functions show "}, '"vip":"wasm"'),
        (
            "fish",
            {
                "_TYPER_COMPLETE_ARGS": "penstock functions show ",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
            "vip\twasm",
        ),
    ],
)
def test_what_the_script_of_a_shell_asks_is_answered_with_names(
    penstock: Command, shell: str, question: dict[str, str], answer: str
) -> None:
    """Asked as the script asks, so that it is tested where the shell is not installed."""
    penstock.api.post("/v1/functions", {"name": "vip", "engine": "wasm"})
    script = penstock("completion", shell).out

    answered = penstock(**question, _PENSTOCK_COMPLETE=f"complete_{shell}")

    assert all(name in script for name in (*question, f"_PENSTOCK_COMPLETE=complete_{shell}"))
    assert answer in answered.out
    assert not answered.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_its_script(penstock: Command, shell: str) -> None:
    """Each has a grammar of its own; a shell that is not here is told, not passed over."""
    script = penstock("completion", shell, "--json").json["script"]

    assert "_PENSTOCK_COMPLETE" in script
    assert script == penstock("completion", shell).out.rstrip("\n")
    if shutil.which(shell) is None:
        pytest.skip(f"NOT TESTED: the completion of {shell}, for want of {shell}")
    parsed = subprocess.run(  # noqa: S603 - the shell that was found
        [str(shutil.which(shell)), "-n"], input=script, capture_output=True, text=True, check=False
    )
    assert (0, "") == (parsed.returncode, parsed.stderr), json.dumps(script)
