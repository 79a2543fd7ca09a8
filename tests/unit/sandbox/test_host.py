"""The host: batches, kills, fresh state, limits, findings, and what it refuses to be."""
# ruff: noqa: E501 - programs are clearest on a line each

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import check, engines, entry, limits, settings
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import JobMalformed, Sandbox
from sandbox.limits import Limits
from sandbox.process import EngineUnavailable, SandboxRefused, SandboxUnavailable
from tests.sandbox.harness import a_job

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _events(*numbers: int) -> list[dict[str, Any]]:
    return [{"run_id": f"run_{n}", "event": {"n": n}, "profile": None} for n in numbers]


def test_after_a_kill_the_rest_of_the_batch_runs_in_a_new_worker(box: Sandbox) -> None:
    """One looping event must not take its neighbours with it."""
    source = (
        "SEEN = []\ndef handler(event):\n    SEEN.append(event['n'])\n"
        "    while event['n'] == 2:\n        pass\n    return SEEN\n"
    )
    job = a_job(source, limits={"wall_s": 0.3}) | {"events": _events(1, 2, 3, 4)}
    results = box.run(job)["results"]
    assert [r["outcome"] for r in results] == ["returned", "timed_out", "returned", "returned"]
    assert [r["output"] for r in results] == [[1], None, [3], [3, 4]]
    assert [r["run_id"] for r in results] == ["run_1", "run_2", "run_3", "run_4"]


def test_module_state_is_fresh_for_each_batch(box: Sandbox) -> None:
    """What one batch leaves behind must not be there for the next."""
    job = a_job("N = []\ndef handler(event):\n    N.append(1)\n    return len(N)\n", events=2)
    assert [r["output"] for r in box.run(job)["results"]] == [1, 2]
    assert [r["output"] for r in box.run(job)["results"]] == [1, 2]


def test_two_batches_draw_different_random_numbers(box: Sandbox) -> None:
    """Workers are forked from one process; they must not share its dice."""
    job = a_job(
        "import random, uuid\ndef handler(event):\n    return [random.random(), str(uuid.uuid4())]\n"
    )
    assert box.run(job)["results"][0]["output"] != box.run(job)["results"][0]["output"]


def test_every_finding_comes_at_once_with_its_line_and_what_to_write(dialect: Sandbox) -> None:
    """A developer who is told one thing at a time needs ten tries."""
    source = "import os\nasync def f():\n    pass\ndef handler(event):\n    x = open('a')\n    return x.__class__\n"
    found = dialect.check(source)
    assert [(f.line, f.code) for f in found] == [
        (1, "module_not_available"),
        (2, "syntax_not_allowed"),
        (5, "builtin_not_available"),
        (6, "attribute_not_allowed"),
    ]
    assert all(f.hint and f.column for f in found)
    result = dialect.run(a_job(source))["results"][0]
    assert result["outcome"] == "refused"
    assert result["findings"] == [f.to_json() for f in found]


def test_a_deadline_nearer_than_the_limit_holds(box: Sandbox) -> None:
    """The caller has a clock of its own to keep."""
    event = _events(1)[0] | {"deadline_ms": 1}
    job = a_job("def handler(event):\n    while True:\n        pass\n") | {"events": [event]}
    assert box.run(job)["results"][0]["outcome"] == "timed_out"


def test_limits_can_be_lowered_but_not_raised() -> None:
    """A function cannot give itself more."""
    assert Limits.of(
        {"wall_s": 99, "emits": 5, "memory_mb": -1, "log_bytes": True, "result_bytes": 10**400}
    ) == Limits(emits=5)
    assert Limits.of(None) == Limits()


def test_a_limit_of_calls_or_of_the_log_may_be_zero(box: Sandbox) -> None:
    """Zero says that the function needs none; it must not be taken for the highest number."""
    assert Limits.of(
        {"http_calls": 0, "emits": 0, "log_bytes": 0, "wall_s": 0, "memory_mb": 0.0}
    ) == Limits(http_calls=0, emits=0, log_bytes=0)
    for call in ("emit('metric.x', {})", "http.get('https://a.example.com')"):
        source = f"def handler(event, profile, context):\n    context.{call}\n"
        result = box.run(a_job(source, limits={"emits": 0, "http_calls": 0}))["results"][0]
        assert ("raised", []) == (result["outcome"], result["effects"])


def test_a_killed_zygote_is_replaced(box: Sandbox) -> None:
    """The host outlives its helpers."""
    job = a_job("def handler(event):\n    return 1\n")
    assert box.run(job)["results"][0]["output"] == 1
    os.kill(box.zygote_pid(EngineName.RESTRICTED), 9)
    assert box.run(job)["results"][0]["output"] == 1


def test_no_process_is_left_after_closing() -> None:
    """`close` leaves nothing behind."""
    box = Sandbox()
    assert box.doctor()["isolation"] in {"seccomp", "rlimit"}
    pid = box.zygote_pid(EngineName.RESTRICTED)
    box.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_level_that_does_not_exist_refuses_to_start() -> None:
    """Without isolation nothing is run, unless that was asked for in so many words."""
    job = a_job("def handler(event):\n    return 1\n")
    with Sandbox(Options("nothing")) as box, pytest.raises(SandboxRefused):
        box.run(job)
    with Sandbox(Options("nothing", allow_weak=True)) as weak:
        assert weak.run(job)["isolation"] == "weak"


def test_jobs_that_are_none_are_refused(box: Sandbox) -> None:
    """A caller's mistake is the caller's."""
    for job in ({}, {"v": 2, "op": "run"}, {"v": 1, "op": "shell"}):
        with pytest.raises(JobMalformed):
            box.run(job)


def test_the_entry_answers_run_check_and_doctor() -> None:
    """The three operations of the deployed function."""
    assert entry.handler({"v": 1, "op": "doctor"})["isolation"] in {"seccomp", "rlimit"}
    assert entry.handler({"v": 1, "op": "check", "source": "x"})["findings"]
    assert entry.handler(a_job("def handler(event):\n    return 2\n"))["results"][0]["output"] == 2
    assert check.check("def handler(event):\n    return 2\n") == []


def test_the_doctor_of_the_entry_says_whose_environment_it_is() -> None:
    """`penstock doctor` asks for two tenants, and sees whether Lambda keeps them apart."""

    class Context:
        tenant_id = "acme"

    first, second = (entry.handler({"v": 1, "op": "doctor"}, each) for each in (Context(), None))

    assert (first["tenant"], second["tenant"]) == ("acme", None)
    assert first["environment"] == second["environment"]
    assert first["kernel"] == os.uname().release


def test_who_names_no_engine_gets_the_one_that_there_always_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """During an update the caller may be one from before engines: its versions are restricted."""
    source = "import os\ndef handler(event):\n    return 2\n"
    with Sandbox(Options(engine="wasm")) as box:
        monkeypatch.setattr(entry, "_SANDBOX", box)

        run = entry.handler(a_job(source))
        checked = entry.handler({"v": 1, "op": "check", "source": source})

    assert ("restricted", "refused") == (run["engine"], run["results"][0]["outcome"])
    assert ("restricted", ["error"]) == (
        checked["engine"],
        [finding["severity"] for finding in checked["findings"]],
    )


@pytest.mark.parametrize("asked", [None, "auto"])
def test_auto_is_what_the_sandbox_is_set_to(asked: str | None) -> None:
    """The installation has chosen; a job that leaves it to the installation must not overrule it."""
    with Sandbox(Options(engine="restricted")) as box:
        engine, isolation = box.engine(asked)
        job = a_job("def handler(event):\n    return 1\n", engine=asked)
        answer = box.run(job)

    assert EngineName.RESTRICTED is engine
    assert (engine, isolation) == (answer["engine"], answer["isolation"])


def test_an_engine_that_the_bundle_lacks_is_named_and_never_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A silent fallback would run real Python as a dialect, or the reverse."""
    monkeypatch.setitem(engines.PACKAGES, EngineName.WASM, ("no_such_package",))
    job = a_job("def handler(event):\n    return 1\n", engine="wasm")
    with Sandbox(Options(engine="auto")) as box:
        with pytest.raises(EngineUnavailable, match="wasm needs no_such_package"):
            box.run(job)
        with pytest.raises(EngineUnavailable, match="wasm"):
            box.check(job["source"], engine="wasm")
        said = box.doctor()
        unchosen = box.run({**job, "engine": "auto"})

    assert ("restricted", "") == (said["engine"], said["engines"]["restricted"])
    assert "no_such_package" in said["engines"]["wasm"]
    assert "restricted" == unchosen["engine"]


@pytest.mark.parametrize("value", ["", "Wasm", "v8"])
def test_a_setting_that_names_no_engine_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing could run on what was to be ruled out."""
    monkeypatch.setenv("PENSTOCK_SANDBOX_ENGINE", value)

    with pytest.raises(settings.SettingInvalid, match="auto, wasm, restricted"):
        settings.options()


def test_the_host_imports_nothing_heavy() -> None:
    """Import time is billed at each cold start."""
    code = (
        "import sys; import sandbox.host; "
        "print([m for m in ('RestrictedPython', 'httpx', 'boto3', 'asyncio', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_batch_command_prints_one_object_a_line(tmp_path: Path) -> None:
    """Other tools are built on this output."""
    cases = tmp_path / "cases.jsonl"
    rows = [
        {"id": "a", "code": "def handler(event):\n    return event['n']\n", "event": {"n": 5}},
        {
            "id": 2,
            "code": "def handler(event, profile, context):\n    return profile\n",
            "profile": {"id": "p"},
        },
        {"id": "c", "code": "import os\n"},
        {"id": "d", "code": "def handler(event):\n    raise ValueError('\u2028')\n"},
    ]
    cases.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", "utf-8")
    command = [sys.executable, "-m", "cli.main", "functions", "test", "--batch", str(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    found = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert [each["id"] for each in found] == ["a", 2, "c", "d"]
    assert [each["outcome"] for each in found] == ["returned", "returned", "refused", "raised"]
    assert [each["output"] for each in found] == [5, {"id": "p"}, None, None]
    keys = [
        "id",
        "outcome",
        "output",
        "error",
        "findings",
        "logs",
        "effects",
        "http",
        "memory_mb",
        "duration_ms",
        "isolation",
        "engine",
    ]
    assert list(found[0]) == keys


def test_wrong_usage_of_the_command_exits_with_two(tmp_path: Path) -> None:
    """2 is for the caller's mistakes, whatever they are."""
    (tmp_path / "bad.jsonl").write_text("{", "utf-8")
    for arguments in (
        [],
        ["nope.py"],
        ["--batch", str(tmp_path / "bad.jsonl")],
        ["a.py", "--batch", "b"],
    ):
        command = [sys.executable, "-m", "cli.main", "functions", "test", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""


def test_memory_is_watched_where_the_kernel_does_not_limit_it() -> None:
    """MacOS does not enforce the address-space limit; the parent has to look for itself."""
    source = "def handler(event):\n    d = []\n    while True:\n        d.append('x' * 100000 + str(len(d)))\n"
    with Sandbox(Options("rlimit", allow_weak=True, watch_memory=True)) as box:
        job = a_job(source, limits={"wall_s": 10.0, "memory_mb": 64})
        assert box.run(job)["results"][0]["outcome"] == "out_of_memory"
        assert box.run(a_job("def handler(event):\n    return 1\n"))["results"][0]["output"] == 1


def test_a_published_function_that_cannot_be_compiled_in_time_is_the_platforms_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy machine must not cost a delivery: a fault is tried again, a refusal is final."""
    source = "def handler(event):\n    return 1\n"
    with Sandbox() as box:
        box.doctor()
        with monkeypatch.context() as hurry:
            hurry.setattr(limits, "COMPILE_WALL_S", 0.0)
            with pytest.raises(SandboxUnavailable, match="cannot be compiled"):
                box.run(a_job(source))
            assert [found.code for found in box.check(source)] == ["check_gave_up"]
        assert box.check(source) == ()
        assert box.run(a_job(source))["results"][0]["outcome"] == "returned"
