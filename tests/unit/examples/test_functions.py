"""Every example function, through the command that its reader would use."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engines import EngineName

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(path.parent for path in (ROOT / "examples" / "functions").glob("*/function.py"))
LTV = {
    "ltv_arpu_lifetime": 720,
    "ltv_order_frequency": 960,
    "ltv_margin_churn": 225,
    "ltv_discounted": 202.78,
}


def functions_test(
    source: Path, *, event: Path, profile: Path | None = None, engine: str | None = None
) -> dict[str, Any]:
    """What `penstock functions test --json` prints."""
    command = [sys.executable, "-m", "cli.main", "functions", "test", str(source), "--json"]
    command += ["--event", str(event), *(["--engine", engine] if engine else [])]
    if profile is not None and profile.exists():
        command += ["--profile", str(profile)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_there_are_at_least_25_examples() -> None:
    """People start from the example nearest to what they want; a few would not be near."""
    assert len(FOLDERS) >= 25


@pytest.mark.parametrize("engine", EngineName)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_does_what_its_expected_result_says(folder: Path, engine: EngineName) -> None:
    """An example that does not run is worse than none, and it runs on whichever engine."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))

    answer = functions_test(
        folder / "function.py",
        event=folder / "event.json",
        profile=folder / "profile.json",
        engine=engine,
    )

    assert expected == {name: answer.get(name) for name in expected}, answer.get("findings")


@pytest.mark.parametrize(("name", "value"), LTV.items())
def test_lifetime_value_formula_gives_its_published_number(name: str, value: float) -> None:
    """The numbers that marketers know by heart, to the cent."""
    folder = ROOT / "examples" / "functions" / name
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))

    assert {"ltv": value} == expected["output"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_says_in_one_sentence_what_it_is_for(folder: Path) -> None:
    """The first line is all that somebody reads who looks for an example."""
    first = (folder / "function.py").read_text(encoding="utf-8").splitlines()[0]

    assert first.startswith('"""')
    assert first.endswith(('."""', '?"""'))


def test_list_of_examples_names_each_with_its_own_sentence() -> None:
    """The list is where people look; an example that is not in it is not found."""
    listed = (ROOT / "examples" / "functions" / "README.md").read_text(encoding="utf-8")

    for folder in FOLDERS:
        sentence = (folder / "function.py").read_text(encoding="utf-8").splitlines()[0].strip('"')
        assert f"| [`{folder.name}`]({folder.name}/function.py) | {sentence} |" in listed
