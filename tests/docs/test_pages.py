"""The runner of pages fails where a page and the product differ, however little."""

import fcntl
from pathlib import Path
from typing import TextIO

import pytest

from infra.demo.patience import Patience
from tests.page_reader import Reader
from tests.pages import EXECUTED, ROOT, CommandStep, FileStep, PageFault, steps

ID = "run_aaaaaaaaaaaaaaaaaaaaaaaaaa"
OTHER_ID = "run_bbbbbbbbbbbbbbbbbbbbbbbbbb"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A reader with an empty folder."""
    return Reader(folder=tmp_path)


def transcript(*lines: str, mark: str = "") -> str:
    """A page with one block of commands."""
    return "\n".join(["# A page", "", mark, "```", *lines, "```", ""])


@pytest.mark.parametrize("name", EXECUTED)
def test_each_executed_page_keeps_the_convention(name: str) -> None:
    """`make check` needs no cloud to find a command without an output block or a reason."""
    steps((ROOT / name).read_text(encoding="utf-8"))


def test_a_page_whose_output_is_as_it_says_passes(reader: Reader) -> None:
    """Every line, with the line ends; a command may go over several lines."""
    page = steps(
        transcript("$ echo one; echo two >&2", "one", "two", "$ echo \\", "  three", "three")
    )

    reader.follow(page)

    assert 2 == len(page)


@pytest.mark.parametrize(
    "shown",
    [
        [],
        ["one"],
        ["one", "two", "three"],
        ["two", "one"],
        ["one", "Two"],
        ["one", " two"],
        ["…two"],
        ["one…", "…", "tw"],
    ],
    ids=str,
)
def test_an_output_that_differs_fails(reader: Reader, shown: list[str]) -> None:
    """A line too many or too few is what a reader stumbles over."""
    with pytest.raises(PageFault, match=r"line 5: \$ printf"):
        reader.follow(steps(transcript(r"$ printf 'one\ntwo\n'", *shown)))


@pytest.mark.parametrize(
    "shown",
    [
        ["o…", "…"],
        ["…"],
        ["…", "one", "two"],
        ["one", "…", "two", "…"],
        ["one", "t…o"],
    ],
    ids=str,
)
def test_an_ellipsis_stands_for_anything(reader: Reader, shown: list[str]) -> None:
    """In a line for the rest of its text, alone for any number of lines."""
    reader.follow(steps(transcript(r"$ printf 'one\ntwo\n'", *shown)))


def test_what_no_two_runs_share_matches_by_its_kind(reader: Reader) -> None:
    """A page shows real values; a runner that asked for the same ones could never pass."""
    rest = "2026-11-21T23:18:11.552Z  1.5 ms (rlimit) 1795534552196"
    shown = f"{ID}     2026-01-01T00:00:00Z  1024 ms (seccomp) 1700000000000"

    prints = f"$ echo 'dlv_'{'x' * 26}'  {rest}'"

    reader.follow(steps(transcript(prints, shown.replace("run", "dlv"))))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("620.5", "620.6"),
        ("2026-11-21", "2026-11-22"),
        ("version 1", "version 2"),
        ("dlv_short", "dlv_other"),
        ("none", "seccomp"),
    ],
)
def test_what_is_the_same_in_each_run_must_match(reader: Reader, written: str, shown: str) -> None:
    """Otherwise an amount that is wrong in the docs would pass for a duration."""
    with pytest.raises(PageFault):
        reader.follow(steps(transcript(f"$ echo '{written}'", shown)))


def test_a_later_command_gets_the_id_that_this_run_has(reader: Reader) -> None:
    """The page shows one id; the reader copies the one that he sees instead."""
    real = "x" * 26
    page = transcript(f"$ printf 'run_%s\\n' {real}", ID, f"$ echo again {ID}", f"again {ID}")

    reader.follow(steps(page))

    assert {ID: f"run_{real}"} == reader.copied


def test_an_id_that_is_shown_twice_is_one_id(reader: Reader) -> None:
    """A page that shows the same id for two things tells the reader something false."""
    prints = "$ printf 'run_%s\\n' " + "x" * 26 + " " + "y" * 26

    reader.follow(steps(transcript(prints, ID, OTHER_ID)))
    with pytest.raises(PageFault):
        Reader(folder=reader.folder).follow(steps(transcript(prints, ID, ID)))


def test_a_command_with_an_id_that_nothing_showed_fails(reader: Reader) -> None:
    """The reader would not know where to take it from."""
    with pytest.raises(PageFault, match=f"no command above shows {ID}"):
        reader.follow(steps(transcript(f"$ echo {ID}", ID)))


def test_files_are_written_and_lines_replaced(reader: Reader) -> None:
    """As the page says, and in its order."""
    page = """# A page

Write two files. `a/one.py`:

```python
first
second
```

Mend line 2 of `a/one.py`:

```python
third
```

An illustration that no file is named for:

```json
{}
```

```
$ cat a/one.py
first
third
$ ls
a
```
"""
    parsed = steps(page)

    reader.follow(parsed)

    assert [FileStep, FileStep, CommandStep, CommandStep] == [type(step) for step in parsed]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("# A page\n\nWithout any command.\n", "no command that is executed"),
        (transcript("$ false", mark="<!-- not executed: no reason is enough -->"), "no command"),
        (transcript("$ false", mark="<!-- not executed: -->"), "a mark is"),
        (transcript("$ false", mark="<!-- skipped: because -->"), "a mark is"),
        (transcript("penstock local up"), "begins with"),
        (transcript(), "begins with"),
        ("Run this:\n\n    penstock local up\n", "between fences"),
        ("```sh\npenstock local up\n```\n", "begins with"),
        (transcript("$ echo run_…", "…"), "cannot have an ellipsis"),
        ("```\n$ true\n", "has no end"),
    ],
)
def test_a_page_that_breaks_the_convention_is_refused(page: str, why: str) -> None:
    """A command that nothing executes is the one that is wrong."""
    with pytest.raises(PageFault, match=why):
        steps(page)


def test_the_exit_code_is_zero_unless_the_page_says_otherwise(reader: Reader) -> None:
    """An error that the reader should see is marked; any other fails the page."""
    mark = "<!-- exits with 3: the reader sees the refusal -->"

    reader.follow(steps(transcript("$ exit 3", mark=mark)))
    with pytest.raises(PageFault, match="ended with 3"):
        reader.follow(steps(transcript("$ exit 3")))
    with pytest.raises(PageFault, match="ended with 0"):
        reader.follow(steps(transcript("$ true", mark=mark)))


def test_a_command_is_repeated_only_where_the_page_says_so(reader: Reader) -> None:
    """What the platform does takes a moment; the reader looks again, and the runner does so too."""
    counts = "$ echo x >> seen; wc -l < seen"

    with pytest.raises(PageFault):
        reader.follow(steps(transcript(counts, "2")))
    reader.follow(steps(transcript(counts, "3", mark="<!-- until it shows this: it counts -->")))


def test_commands_see_no_connection_of_the_machine(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`penstock` finds the cloud as the reader's does, by the state in the project's folder."""
    monkeypatch.setenv("PENSTOCK_API_KEY", "psk_of_somebody")

    reader.follow(steps(transcript('$ echo "<$PENSTOCK_API_KEY>"', "<>")))


def test_make_prints_what_it_prints_to_a_reader(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make test` runs these tests, and a `make` in a `make` prints more."""
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.setenv("MAKEFLAGS", "w")
    makefile = "greet:\n\t@echo hello\n"
    (reader.folder / "Makefile").write_text(makefile, encoding="utf-8")

    reader.follow(steps(transcript("$ make greet", "hello")))


def test_what_goes_on_in_the_background_ends_with_the_page(reader: Reader) -> None:
    """A receiver that a page starts serves its later commands, and no later page."""
    start = "$ (exec 9> lock; flock 9; echo ready; exec sleep 600) > said &"
    ready = transcript("$ cat said", "ready", mark="<!-- until it shows this: it starts -->")

    reader.follow((*steps(transcript(start)), *steps(ready)))

    with (reader.folder / "lock").open() as lock:
        assert Patience(10.0).until(lambda: _is_free(lock))


def _is_free(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
