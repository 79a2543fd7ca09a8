"""`penstock.toml`: a slip is named with what was meant, and what is sent is what the file says."""

from pathlib import Path

import pytest

from cli._errors import WrongUsage
from cli.project.document import FILE
from cli.project.functions import FunctionProject, load_function


def loaded(folder: Path, text: str, *, source: str = "vip.py") -> FunctionProject:
    """The project of a source file in this folder."""
    (folder / source).write_text("def handler(event):\n    return None\n", "utf-8")
    (folder / FILE).write_text(text, "utf-8")
    return load_function(folder / source)


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        ("[function]\ntopic = []\n", "topic", "topics"),
        ("[function]\nhttp_host = []\n", "http_host", "http_hosts"),
        ("[function]\nlimits = { memory = 5 }\n", "limits.memory", "memory_mb"),
        ("[function]\nretry = { delay_s = [5] }\n", "retry.delay_s", "delays_s"),
        (
            '[function]\ntriggers = [{ topics = ["metric.x"] }, { topic = [] }]\n',
            "triggers[1].topic",
            "topics",
        ),
        ("[fucntion]\ntopics = []\n", "fucntion", "function"),
        ("[functions.vpi]\ntopics = []\n", "functions.vpi", "vip"),
    ],
)
def test_a_name_that_nobody_knows_is_refused_with_the_nearest_one(
    text: str, place: str, meant: str, tmp_path: Path
) -> None:
    """A setting that is misspelt and ignored is believed to be in force."""
    with pytest.raises(WrongUsage) as refused:
        loaded(tmp_path, text)

    assert "bad_settings" == refused.value.code
    assert refused.value.message.startswith(f"{tmp_path / FILE}: {place}: ")
    assert f"did you mean {meant}?" in refused.value.message


def test_a_name_that_is_like_none_is_told_them_all(tmp_path: Path) -> None:
    """A guess would mislead."""
    with pytest.raises(WrongUsage, match="Known are name, topics, filter, triggers") as refused:
        loaded(tmp_path, "[function]\nx = 1\n")

    assert "did you mean" not in refused.value.message


def test_a_table_for_another_function_of_the_folder_is_no_slip(tmp_path: Path) -> None:
    """One file has the settings of them all; some may have none."""
    (tmp_path / "other.py").write_text("", "utf-8")

    assert {} == loaded(tmp_path, "[functions.other]\ntopics = []\n").settings
    both = '[functions.vip]\nengine = "wasm"\n[functions.gone]\ntopics = []\n'
    assert {"engine": "wasm"} == loaded(tmp_path, both).settings


@pytest.mark.parametrize(
    ("text", "triggers"),
    [
        ('topics = ["metric.x"]', [{"topics": ["metric.x"], "filter": None}]),
        (
            'topics = ["metric.x"]\nfilter = { id = ["a"] }',
            [{"topics": ["metric.x"], "filter": {"id": ["a"]}}],
        ),
        ("topics = []", []),
        ('triggers = [{ topics = ["metric.x"] }]', [{"topics": ["metric.x"]}]),
        ("triggers = []", []),
    ],
)
def test_topics_are_sent_as_the_trigger_that_they_stand_for(
    text: str, triggers: object, tmp_path: Path
) -> None:
    """Whatever triggers the function has had: with the push it has those of the file."""
    assert {"triggers": triggers} == dict(loaded(tmp_path, f"[function]\n{text}\n").settings)


def test_a_filter_without_topics_obeys_the_rules_of_any_filter(tmp_path: Path) -> None:
    """It is for a trigger that the function has; a value that JSON has not would break the push."""
    assert {"filter": {"id": ["a"]}} == loaded(
        tmp_path, '[function]\nfilter = { id = ["a"] }\n'
    ).settings
    with pytest.raises(WrongUsage, match=r"filter.a\[0\]: date has no JSON form"):
        loaded(tmp_path, "[function]\nfilter = { a = [2026-01-01] }\n")
