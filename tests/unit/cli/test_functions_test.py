"""`penstock functions test`: what it does with cases, files and settings that are wrong."""

import json
from pathlib import Path

import pytest

from cli import functions_test
from cli._errors import WrongUsage
from cli.project.document import FILE
from cli.project.functions import load_function
from runtime.core.functions.function import RetryOn, RetryPolicy
from runtime.core.matching.trigger import Trigger
from sandbox import limits
from sandbox.host import Sandbox
from tests.unit.cli.conftest import Command

ECHO = "def handler(event):\n    return event['x']\n"
TEST = ("functions", "test")


def _cases(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _case(number: int, event: str) -> str:
    return f'{{"id": {number}, "code": {json.dumps(ECHO)}, "event": {{"x": {event}}}}}'


def test_a_line_that_is_not_json_is_told_before_any_case_is_run(penstock: Command) -> None:
    """Half a batch and a traceback tell nobody which line to mend."""
    cases = penstock.write("cases.jsonl", _cases(_case(1, "1"), _case(2, "NaN"), _case(3, "3")))

    ran = penstock(*TEST, "--batch", cases, "--json")

    assert (2, "not_json") == (ran.code, ran.json["error"]["code"])
    assert "line 2 is not JSON: NaN" in ran.json["error"]["message"]
    assert "Traceback" not in ran.err


def test_a_case_that_cannot_be_run_has_a_result_of_its_own(penstock: Command) -> None:
    """One case that the sandbox cannot be given must not lose the others."""
    cases = penstock.write("cases.jsonl", _cases(_case(1, "1"), _case(2, "1e999"), _case(3, "3")))

    ran = penstock(*TEST, "--batch", cases)

    found = [json.loads(line) for line in ran.out.split("\n") if line]
    assert (0, [1, 2, 3]) == (ran.code, [each["id"] for each in found])
    assert ["returned", "refused", "returned"] == [each["outcome"] for each in found]
    assert [1, None, 3] == [each["output"] for each in found]
    assert "CannotRun" == found[1]["error"]["type"]
    assert list(found[0]) == list(found[1])


@pytest.mark.parametrize("text", ["NaN", '{"x": 1e999}', "{", '"\\ud800"', "[" * 9000])
def test_an_event_file_that_is_not_json_is_wrong_usage(penstock: Command, text: str) -> None:
    """2 says: look at the call; and whoever reads the output finds one document there."""
    file = penstock.write("echo.py", ECHO)
    given = penstock.write("event.json", text)

    for option in ("--event", "--profile"):
        ran = penstock(*TEST, file, option, given, "--json")

        assert 2 == ran.code
        assert "event.json" in ran.json["error"]["message"]
        assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ("limits = 5", "limits"),
        ('http_hosts = "crm.example.com"', "http_hosts"),
        ("http_hosts = [1]", "http_hosts"),
        ('http_hosts = ["https://crm.example.com"]', "http_hosts"),
        ("limits = { wall_seconds = 5 }", "limits.wall_seconds"),
        ("limits = { wall_s = 99 }", "limits.wall_s"),
        ('limits = { wall_s = "5" }', "limits.wall_s"),
        ("limits = { wall_s = true }", "limits.wall_s"),
        ("limits = { wall_s = nan }", "limits.wall_s"),
        ("limits = { emits = 2.5 }", "limits.emits"),
        ("limits = { emits = -1 }", "limits.emits"),
        ("environment = 1", "environment"),
        ("environment = { SHOP = 1 }", "environment.SHOP"),
        ('environment = { "A B" = "1" }', "environment"),
        ("secrets = [1]", "secrets"),
        ('secrets = ["token"]', "secrets"),
        ('topics = "metric.x"', "topics"),
        ("filter = 3", "filter"),
        ('topics = ["metric placed"]', "topics"),
        ('topics = ["metric.x"]\nfilter = { value = [{ nmeric = [1] }] }', "filter.value[0]"),
        ("topics = []\nfilter = { value = [1] }", "filter"),
        ('topics = ["metric.x"]\ntriggers = [{ topics = ["metric.y"] }]', "triggers"),
        ("triggers = 3", "triggers"),
        ("triggers = [3]", "triggers[0]"),
        ("triggers = [{}]", "triggers[0]"),
        ('triggers = [{ topics = ["metric.x"], fliter = {} }]', "triggers[0].fliter"),
        ('triggers = [{ topics = "metric.x" }]', "topics"),
        ("retry = 3", "retry"),
        ('retry = { on = "always" }', "retry.on"),
        ("retry = { attempts = 99 }", "retry.attempts"),
        ("retry = { attempts = true }", "retry.attempts"),
        ('retry = { delays_s = "5" }', "retry.delays_s"),
        ("retry = { delays_s = [] }", "retry.delays_s"),
        ("retry = { delay_s = 5 }", "retry.delay_s"),
        ("name = 3", "name"),
        ('name = "No Name"', "name"),
        ('engine = "v8"', "engine"),
        ("engine = 1", "engine"),
        ('engine = "auto"', "engine"),
        ("[secrets]\nTOKEN = 3", "secrets.TOKEN"),
        ('[secrets]\nTOKEN = "hunter2 "', "secrets.TOKEN"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_file_and_field(
    settings: str, field: str, tmp_path: Path
) -> None:
    """A setting that is taken for another one is worse than one that is refused."""
    source = tmp_path / "vip.py"
    path = tmp_path / FILE
    path.write_text(f"[function]\n{settings}\n", "utf-8")

    with pytest.raises(WrongUsage) as refused:
        load_function(source)

    assert "bad_settings" == refused.value.code
    assert refused.value.message.startswith(f"{path}: {field}: ")


def test_every_setting_that_the_platform_takes_is_taken(tmp_path: Path) -> None:
    """A check that refuses what the API accepts would keep a sound function from its tests."""
    (tmp_path / FILE).write_text(
        '[function]\nname = "vip-2"\ntopics = ["metric.x"]\nhttp_hosts = ["*", "*.example.com"]\n'
        'secrets = ["TOKEN"]\nenvironment = { SHOP = "music" }\n'
        "filter = { properties = { value = [1] } }\n"
        "limits = { wall_s = 5, emits = 0, memory_mb = 64, concurrent_runs = 3 }\n"
        'engine = "restricted"\n'
        '[secrets]\nTOKEN = "x"\n',
        "utf-8",
    )

    found = load_function(tmp_path / "function.py")

    assert ("vip-2", {"TOKEN": "x"}) == (found.name, found.local_secrets)
    assert "restricted" == found.settings["engine"]
    assert {"wall_s": 5, "emits": 0, "memory_mb": 64, "concurrent_runs": 3} == (
        found.settings["limits"]
    )


def test_several_triggers_and_a_retry_policy_are_taken(tmp_path: Path) -> None:
    """As the API takes them; and the runs on this machine know them."""
    (tmp_path / FILE).write_text(
        '[[function.triggers]]\ntopics = ["message.email.*"]\n'
        '[[function.triggers]]\ntopics = ["event:api.placed_order"]\n'
        "filter = { properties = { value = [1] } }\n"
        '[function.retry]\non = "on_error"\nattempts = 3\ndelays_s = [5, 60]\n',
        "utf-8",
    )

    found = load_function(tmp_path / "function.py")

    assert (
        Trigger(topics=("message.email.*",)),
        Trigger(topics=("metric.placed_order",), filter={"properties": {"value": [1]}}),
    ) == found.triggers
    assert RetryPolicy(on=RetryOn.ON_ERROR, attempts=3, delays_s=(5, 60)) == found.retry
    assert {"triggers", "retry"} == set(found.settings)


def test_a_bad_settings_file_makes_a_test_wrong_usage(penstock: Command) -> None:
    """One document and exit code 2, like every other mistake of the call."""
    file = penstock.write("echo.py", ECHO)
    penstock.write("penstock.toml", "[function]\nlimits = 5\n")

    ran = penstock(*TEST, file, "--json")

    assert (2, "bad_settings") == (ran.code, ran.json["error"]["code"])


@pytest.mark.parametrize("option", ["--event", "--profile"])
def test_a_batch_takes_no_event_of_its_own(penstock: Command, option: str) -> None:
    """An option that is silently ignored is believed to be in force."""
    cases = penstock.write("cases.jsonl", _cases(_case(1, "1")))
    given = penstock.write("given.json", "{}")

    ran = penstock(*TEST, "--batch", cases, option, given, "--json")

    assert (2, "usage") == (ran.code, ran.json["error"]["code"])
    assert option in ran.json["error"]["message"]


def test_a_source_that_the_check_gives_up_on_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Here nothing is published yet: what a push would be told is what a test is told."""
    file = tmp_path / "echo.py"
    file.write_text(ECHO, "utf-8")
    with Sandbox() as box, monkeypatch.context() as hurry:
        box.doctor()
        hurry.setattr(limits, "COMPILE_WALL_S", 0.0)
        result = functions_test.run_file(file, sandbox=box)

    assert ("refused", None) == (result["outcome"], result["output"])
    assert ["check_gave_up"] == [finding["code"] for finding in result["findings"]]
    assert "Refused" == result["error"]["type"]


def test_a_function_sees_its_declared_environment_and_nothing_of_this_machine(
    tmp_path: Path,
) -> None:
    """`os.environ` is how people configure code; a developer's own holds keys."""
    (tmp_path / FILE).write_text('[function]\nenvironment = { SHOP = "music" }\n', "utf-8")
    source = tmp_path / "function.py"
    source.write_text("import os\ndef handler(event):\n    return dict(os.environ)\n", "utf-8")

    ran = functions_test.run_file(source, engine="wasm")

    assert {"SHOP": "music"} == ran["output"]


@pytest.mark.parametrize(
    "value",
    [
        str(1 << 64),
        f"-{1 << 64}",
        "9" * 30,
        "9" * 5000,
        "1e999",
        '"\\ud800"',
        '{"\\udfff": 1}',
        "[" * 70 + "]" * 70,
    ],
)
@pytest.mark.parametrize("part", ["event", "profile"])
def test_a_batch_refuses_the_values_that_the_cloud_refuses(
    penstock: Command, value: str, part: str
) -> None:
    """A case that passes here on a value that no event can have has tested nothing."""
    code = json.dumps("def handler(event, profile): return 1")
    bad = f'{{"id": 1, "code": {code}, "{part}": {{"x": {value}}}}}'
    good = f'{{"id": 2, "code": {code}, "{part}": {{"x": {(1 << 64) - 1}}}}}'
    cases = penstock.write("cases.jsonl", _cases(bad, good))

    ran = penstock(*TEST, "--batch", cases)

    refused, returned = (json.loads(line) for line in ran.out.split("\n") if line)
    assert (0, "refused", "CannotRun") == (ran.code, refused["outcome"], refused["error"]["type"])
    assert part in refused["error"]["message"]
    assert ("returned", 1) == (returned["outcome"], returned["output"])


def test_a_case_whose_id_is_no_json_is_wrong_usage(penstock: Command) -> None:
    """Its result could not be written either."""
    cases = penstock.write("cases.jsonl", '{"id": 1e999, "code": "x"}')

    ran = penstock(*TEST, "--batch", cases, "--json")

    assert 2 == ran.code
    assert "line 1: id" in ran.json["error"]["message"]
