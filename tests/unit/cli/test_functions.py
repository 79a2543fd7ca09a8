"""`penstock functions` against the real API."""

from pathlib import Path

import pytest

from runtime.core.functions import error_groups
from runtime.core.functions.run import Outcome
from tests.builders import NOW, a_function, a_run
from tests.unit.cli.conftest import Command

SOURCE = "def handler(event):\n    return event['id']\n"
SETTINGS = """
[functions.vip]
topics = ["metric.placed_order"]
http_hosts = ["crm.example.com"]
environment = { SHOP = "music" }
secrets = ["CRM_TOKEN"]
limits = { wall_s = 2 }

[secrets]
CRM_TOKEN = "only-for-local-tests"
"""


def test_a_push_creates_the_function_with_the_settings_beside_it(penstock: Command) -> None:
    """One command from a file to a function; the settings live where the code lives."""
    file = penstock.write("vip.py", SOURCE)
    penstock.write("penstock.toml", SETTINGS)

    pushed = penstock("functions", "push", file, "--json")

    assert (0, 1, False) == (pushed.code, pushed.json["version"], pushed.json["live"])
    shown = penstock.api.get("/v1/functions/vip").json
    assert ["metric.placed_order"] == shown["topics"]
    assert ["crm.example.com"] == shown["http_hosts"]
    assert {"SHOP": "music"} == shown["environment"]
    assert {"CRM_TOKEN": False} == shown["secrets"], "values for tests stay on this machine"
    assert (2.0, 100) == (shown["limits"]["wall_s"], shown["limits"]["emits"])


def test_a_second_push_is_the_next_version_and_publish_makes_it_live(penstock: Command) -> None:
    """Nothing changes for events until somebody says so."""
    file = penstock.write("vip.py", SOURCE)
    penstock("functions", "push", file)
    penstock.write("vip.py", f"{SOURCE}\n# better\n")

    again = penstock("functions", "push", file)
    published = penstock("functions", "publish", "vip", "--json")

    assert "penstock functions publish vip" in again.out
    assert (0, 2) == (published.code, published.json["live_version"])
    back = penstock("functions", "publish", "vip", "--version", "1", "--json")
    assert 1 == back.json["live_version"]
    penstock.write("vip.py", f"{SOURCE}\n# best\n")
    assert 3 == penstock("functions", "push", file, "--publish", "--json").json["version"]
    assert 3 == penstock("functions", "list", "--json").json["data"][0]["live_version"]


def test_a_push_without_settings_leaves_those_in_force(penstock: Command) -> None:
    """A missing file is not an empty one."""
    file = penstock.write("vip.py", SOURCE)
    penstock.api.post("/v1/functions", {"name": "vip", "topics": ["metric.x"]})

    assert 0 == penstock("functions", "push", file).code
    assert ["metric.x"] == penstock.api.get("/v1/functions/vip").json["topics"]


def test_refused_source_is_shown_line_by_line(penstock: Command) -> None:
    """The line, the reason, and what to write instead."""
    file = penstock.write("vip.py", "x = 1\nforbidden\n")

    pushed = penstock("functions", "push", file)
    as_json = penstock("functions", "push", file, "--json")

    assert 1 == pushed.code
    assert "line 2, column 0: refused: no (do not)" in pushed.err
    assert "source_refused" == as_json.json["error"]["code"]
    assert [2] == [finding["line"] for finding in as_json.json["error"]["findings"]]


def test_a_push_says_the_engine_and_the_hints_and_goes_through(penstock: Command) -> None:
    """Both are news at that moment, and neither is an error."""
    file = penstock.write("vip.py", "x = 1\nunwise\n")

    pushed = penstock("functions", "push", file)
    as_json = penstock("functions", "push", file, "--json")

    assert 0 == pushed.code
    assert "pushed vip version 1 (engine wasm); `penstock functions publish vip`" in pushed.out
    assert "hint, line 2, column 0: refused: no (do not)" in pushed.out
    assert ("wasm", [2]) == (
        as_json.json["engine"],
        [finding["line"] for finding in as_json.json["findings"]],
    )


def test_the_engine_in_the_settings_file_is_the_functions(penstock: Command) -> None:
    """Where the other settings are, and pushed with them."""
    file = penstock.write("vip.py", SOURCE)
    penstock.write("penstock.toml", '[function]\nengine = "restricted"\n')

    pushed = penstock("functions", "push", file, "--json")

    assert "restricted" == pushed.json["engine"]
    assert "restricted" == penstock.api.get("/v1/functions/vip").json["engine"]
    assert "restricted" in penstock("functions", "list").out


def test_logs_say_which_engine_ran_and_behind_what(penstock: Command) -> None:
    """The first question about a run that behaves otherwise than at home."""
    penstock.api.post("/v1/functions", {"name": "vip"})
    old = {"id": "run_old", "engine": None, "isolation": None}
    for changes in ({}, old):
        run = a_run(**{"tenant": penstock.api.tenant, "function": "vip", **changes})
        penstock.api.cloud.runs.commit(run)

    shown = penstock("functions", "logs", "vip")
    as_json = penstock("functions", "logs", "vip", "--json")

    assert "restricted  seccomp  evt_1" in shown.out
    assert "-  -  evt_1" in shown.out
    assert {("restricted", "seccomp"), (None, None)} == {
        (run["engine"], run["isolation"]) for run in as_json.json["data"]
    }


def test_a_bad_settings_file_is_named_before_anything_is_sent(penstock: Command) -> None:
    """A misspelt setting that is ignored is a setting that is not in force."""
    file = penstock.write("vip.py", SOURCE)
    for text in (
        "[functions.vip]\ntopic = []\n",
        "[functions\n",
        "[function.x]\ny = 1\n",
        "a = 1\n",
    ):
        penstock.write("penstock.toml", text)
        pushed = penstock("functions", "push", file, "--json")
        assert (2, "bad_settings") == (pushed.code, pushed.json["error"]["code"])

    assert [] == penstock.api.get("/v1/functions").json["data"]


def test_a_function_in_a_folder_of_its_own_is_called_like_the_folder(penstock: Command) -> None:
    """Twenty functions called `function` would be one."""
    file = penstock.write("crm_upsert/function.py", SOURCE)
    penstock.write("crm_upsert/penstock.toml", '[function]\ntopics = ["profile.updated"]\n')

    assert 0 == penstock("functions", "push", file).code
    assert ["profile.updated"] == penstock.api.get("/v1/functions/crm_upsert").json["topics"]


def test_a_secret_comes_from_standard_input_and_is_not_printed(penstock: Command) -> None:
    """A value on the command line is in the shell's history and in everybody's process list."""
    penstock.api.post("/v1/functions", {"name": "vip"})

    done = penstock("functions", "secrets", "set", "vip", "TOKEN", "--json", stdin="hunter2\n")

    assert 0 == done.code
    assert "hunter2" not in done.out + done.err
    assert {"TOKEN": True} == penstock.api.get("/v1/functions/vip").json["secrets"]
    stored = (
        penstock.api.application.functions.store.get(penstock.api.tenant, "vip")
        .secrets["TOKEN"]
        .sealed
    )
    assert stored is not None
    assert "hunter2" == penstock.api.cloud.secrets.open(penstock.api.tenant, stored)


def test_init_writes_a_first_function_and_never_over_another(penstock: Command) -> None:
    """Nobody's work is overwritten by a second try."""
    first = penstock("functions", "init", "fns/vip.py", "--json")
    second = penstock("functions", "init", "fns/vip.py", "--json")

    assert (0, 2) == (first.code, second.code)
    assert "file_exists" == second.json["error"]["code"]
    assert ["fns/vip.py", "fns/penstock.toml"] == first.json["written"]
    compile(Path(penstock.folder, "fns/vip.py").read_text(), "vip.py", "exec")
    assert 0 == penstock("functions", "push", "fns/vip.py").code


@pytest.mark.parametrize("file", ["my vip.py", "my.vip.py", 'vip"].py', "Vip.py"])
def test_init_refuses_a_file_that_no_function_can_be_named_after(
    penstock: Command, file: str
) -> None:
    """The settings beside it could not be read, or the first push would be refused."""
    refused = penstock("functions", "init", f"fns/{file}", "--json")

    assert (2, "bad_name") == (refused.code, refused.json["error"]["code"])
    assert "lower-case letter" in refused.json["error"]["message"]
    assert not Path(penstock.folder, "fns").exists()


def test_errors_are_one_line_each_and_name_a_run(penstock: Command) -> None:
    """Ten thousand failures are usually one fault."""
    penstock.api.application.functions.store.add(a_function(tenant=penstock.api.tenant, name="vip"))
    error = {"type": "KeyError", "message": "first line\nsecond line", "traceback": ""}
    run = a_run(tenant=penstock.api.tenant, function="vip", outcome=Outcome.RAISED, error=error)
    for group in error_groups.group([run, run], function_created_at=NOW):
        penstock.api.application.functions.errors.add(group)

    shown = penstock("functions", "errors", "vip")
    as_json = penstock("functions", "errors", "vip", "--json", "--version", "1")

    line = shown.out.splitlines()[1]
    assert line.split()[1:5] == ["2", "1", "KeyError", "-"]
    assert line.endswith(f"{run.id}  first line")
    assert [group["count"] for group in as_json.json["data"]] == [2]
    assert penstock("functions", "errors", "vip", "--version", "2").out == "(none)\n"


def test_a_push_finds_the_file_above_that_names_the_source(penstock: Command) -> None:
    """`functions push` and `apply` mean the same function by one file."""
    text = "functions:\n  order-slip: {source: functions/slip.py, http_hosts: [a.example.com]}\n"
    penstock.write("penstock.yaml", text)
    source = penstock.write("functions/slip.py", "def handler(event):\n    return None\n")

    ran = penstock("functions", "push", source, "--publish")
    planned = penstock("apply", "--check")

    assert 0 == ran.code, ran.err
    assert ["a.example.com"] == penstock.api.get("/v1/functions/order-slip").json["http_hosts"]
    assert 0 == planned.code, planned.out
