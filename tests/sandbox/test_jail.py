"""The jail by itself: native code in a worker, at each level, under its host's user and another."""

import functools
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.host import Sandbox
from sandbox.jail import jail, selftest
from tests.sandbox import harness
from tests.sandbox.harness import CANARY

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-cloud-5d1c"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="these limits are Linux's")
# How the host is confined, and the level that its workers get.
WAYS: dict[str, tuple[str, list[str]]] = {
    "seccomp": ("seccomp", []),
    "seccomp, an ordinary user": ("seccomp", ["--user"]),
    "rlimit": ("rlimit", []),
    "rlimit, an ordinary user": ("rlimit", ["--user"]),
    "rlimit where Lambda refuses the rest": ("rlimit", ["--filter"]),
    "rlimit as in Lambda": ("rlimit", ["--filter", "--user"]),
}


@functools.cache  # two tests look at what one program has said
def _said(module: str, way: str) -> dict[str, Any]:
    level, confined = WAYS[way]
    harness.need(level)
    command = [sys.executable, "-m", "tests.sandbox.confined", *confined, module, level]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env={**os.environ, "PENSTOCK_CANARY": CANARY, "AWS_SECRET_ACCESS_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@linux_only
@pytest.mark.parametrize("way", WAYS)
def test_native_code_that_closes_its_socket_gets_nothing_in_its_place(way: str) -> None:
    """One free descriptor was a file, a socket, and the parent's environment on its way out."""
    said = _said("tests.sandbox.after_close", way)
    if way in {"rlimit, an ordinary user", "rlimit as in Lambda"} or os.getuid() != 0:
        # It becomes the program, whose loader then finds that it can open no library.
        assert said.pop("become a program").startswith(("held", "odd: End(signal=0, exit=127"))
    assert {act: ending for act, ending in said.items() if ending != "held"} == {}
    assert len(said) > 25


@linux_only
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_finds_nothing_that_an_earlier_one_left_in_the_kernel(way: str) -> None:
    """Two functions, or two versions of one, share no worker; nor may they share a mailbox."""
    said = _said("tests.sandbox.left_behind", way)
    assert {name for name, each in said.items() if each["found"]} == set()
    can_leave = {each["left"] for each in said.values()}
    assert can_leave == ({False} if "seccomp" in way else {True})  # else nothing has been tested


@linux_only
@pytest.mark.parametrize("way", WAYS)
def test_the_host_of_workers_shows_them_no_secret_of_its_environment(way: str) -> None:
    """A developer's keys are in it, and the kernel keeps a copy for as long as the process runs."""
    said = _said("tests.sandbox.inside_parent", way)
    shown = json.dumps(said["acts"]) + said["readable"]
    for secret in (CANARY, KEY):
        assert secret not in shown
        assert secret.encode().hex() not in shown
    assert (said["kept"], said["child"]) == (CANARY, CANARY)
    assert "AWS_SECRET_ACCESS_KEY" not in said["credentials"]


@linux_only
@pytest.mark.parametrize("way", WAYS)
def test_no_worker_reads_or_traces_its_host_where_the_kernel_can_forbid_it(way: str) -> None:
    """Whoever writes the host's memory is the host. In Lambda, prctl is refused: see left over."""
    acts = _said("tests.sandbox.inside_parent", way)["acts"]
    through = {name for name, ending in acts.items() if ending.startswith("got ")}
    as_same_user = {
        "signal the host", "change the host's limits", "make the host nicer",
        "ask for a file by its name", "make a folder",
    }  # fmt: skip
    memory = {"read the host's memory", "write the host's memory", "read the zygote's memory"}
    expected = {
        "rlimit, an ordinary user": as_same_user,
        "rlimit as in Lambda": as_same_user | memory,
    }
    if os.getuid() != 0:
        # Every worker then is of its host's own user.
        expected["rlimit"] = as_same_user
        expected["rlimit where Lambda refuses the rest"] = as_same_user | memory
    assert through == expected.get(way, set())


@linux_only
def test_the_self_test_has_closed_the_socket_before_it_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the socket in its place, a limit of one descriptor passed for a limit of none."""
    limit = jail._limit  # noqa: SLF001 - the jail is weakened here, on purpose

    def one_descriptor(which: int, value: int) -> None:
        limit(which, 1 if which == resource.RLIMIT_NOFILE else value)

    monkeypatch.setattr(jail, "_limit", one_descriptor)
    choice = selftest.choose("rlimit", allow_weak=False)
    assert choice.level == "none"
    assert {"open a file", "make a socket"} <= set(choice.report["levels"]["rlimit"])


@linux_only
def test_the_parent_watches_memory_where_the_kernel_does_not_count_growth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An engine that reserves its memory before the fork is past the limit of address space."""
    assert selftest.choose("rlimit", allow_weak=False).counts_growth
    limit = jail._limit  # noqa: SLF001 - the jail is weakened here, on purpose

    def without_growth(which: int, value: int) -> None:
        if which != resource.RLIMIT_DATA:
            limit(which, value)

    monkeypatch.setattr(jail, "_limit", without_growth)
    choice = selftest.choose("rlimit", allow_weak=False)
    assert (choice.level, choice.counts_growth) == ("rlimit", False)


@linux_only
def test_the_self_test_says_what_is_left_over() -> None:
    """Who runs this must be able to see what his machine does not stop."""
    left_over = selftest.choose("rlimit", allow_weak=False).report["left_over"]
    assert "share memory with another process" in left_over
    assert ("signal its parent" in left_over) == (os.getuid() != 0)


@pytest.mark.parametrize("level", harness.LEVELS)
def test_an_import_that_fails_does_not_show_where_python_lies(level: str) -> None:
    """A codec is imported when it is first asked for, and the jail lets no folder be listed."""
    harness.need(level)
    source = "def handler(event):\n    return str(b'x'.decode('zlib'))\n"
    with Sandbox(Options(level, engine="restricted")) as box:
        error = box.run(harness.a_job(source))["results"][0]["error"]
    assert error["message"] == "unknown encoding: zlib"


@linux_only
def test_the_function_of_the_sandbox_forgets_the_clouds_credentials() -> None:
    """They are of a role that may do nothing; and whoever reads this process has not even these."""
    code = (
        "import os, sandbox.entry; from tests.sandbox.inside_parent import own_environment\n"
        "print([name for name in os.environ if name.startswith('AWS_S')], os.environ['KEPT'])\n"
        "print(repr(own_environment()))\n"
    )
    environment = {"PATH": os.environ["PATH"], "KEPT": "kept", "AWS_SECRET_ACCESS_KEY": KEY}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "AWS_SESSION_TOKEN": KEY},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] kept\n''\n"
