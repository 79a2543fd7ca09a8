"""`penstock local reset` deletes what cannot be had again, so it says so and asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli._errors import WrongUsage
from cli.local import empty
from infra.local import state
from infra.local.cloud import Options
from infra.local.place import Place
from infra.local.state import Phase
from tests.kept_cloud import KEPT

ROOT = Path(__file__).parents[3]
EMPTY = """
import sys
from pathlib import Path
from cli.local import empty
from infra.local.place import Place
print("was running:", empty(Place(Path(sys.argv[1])), yes=False))
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A local cloud that is stopped, with two megabytes in it."""
    made = Place(tmp_path / "cloud")
    made.prepare()
    (made.data / "warehouse.duckdb").write_bytes(b"x" * 2_000_000)
    state.write(made, processes=(), cloud=KEPT, options=Options().of_a_new_cloud())
    return made


def test_without_a_terminal_nothing_is_deleted_unasked(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that meant another folder gets an error that names the way."""
    with pytest.raises(WrongUsage, match="--yes"):
        empty(place, yes=False)

    assert Phase.STOPPED is state.read(place).phase
    said = capsys.readouterr().err
    assert all(words in said for words in (str(place.root), "acme", "2.0 MB", "webhooks"))


def test_whoever_says_yes_is_told_what_is_deleted_and_not_asked(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Afterwards there is nothing to say."""
    assert not empty(place, yes=True)
    assert "2.0 MB" in capsys.readouterr().err
    assert Phase.NONE is state.read(place).phase

    assert not empty(place, yes=False)
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "phase"), [("n", Phase.STOPPED), ("", Phase.STOPPED), ("y", Phase.NONE)]
)
def test_on_a_terminal_it_asks_and_takes_only_yes_for_yes(
    place: Place, answer: str, phase: Phase
) -> None:
    """A line that is empty by accident deletes nothing."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "wb"), os.fdopen(theirs, "rb") as terminal:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", EMPTY, str(place.root)],
            stdin=terminal,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            timeout=60,
            check=False,
        )

    assert phase is state.read(place).phase
    assert "Delete all of it?" in done.stderr
    assert (0 == done.returncode) is (phase is Phase.NONE)
