"""What functions print and log is in the run's log, whatever it is."""

# ruff: noqa: E501 - programs and rows of tables are one line
import pytest

from tests.sandbox.wasm.conftest import Run


def messages(result: dict[str, object]) -> list[str]:
    """The texts of its log."""
    logs: list[dict[str, str]] = result["logs"]  # type: ignore[assignment]  # a list of entries
    return [entry["message"] for entry in logs]


def test_print_and_both_streams_write_entries(run: Run) -> None:
    """One entry for each line, and for each print of several."""
    result = run(
        "import sys\ndef handler(event):\n"
        "    print('a', 1, sep='-')\n    print('two\\nlines')\n    print('half', end=' ')\n"
        "    print('line')\n    print('err', file=sys.stderr)\n    sys.stdout.buffer.write(b'raw\\n')\n"
        "    sys.stdout.write('no end')\n"
    )
    assert messages(result) == ["a-1", "two\\nlines", "half line", "err", "raw", "no end"]


def test_logging_without_a_setup_writes_entries_with_level_and_fields(run: Run) -> None:
    """As on Lambda: `getLogger().setLevel("INFO")` is all that people write."""
    result = run(
        "import logging\nlogger = logging.getLogger('shop')\nlogger.setLevel('INFO')\n"
        "def handler(event):\n    logger.info('got %s', 5, extra={'order': 'A-1'})\n"
        "    logger.debug('not this')\n"
        "    try:\n        1 / 0\n    except ZeroDivisionError:\n        logger.exception('bad')\n"
    )
    first, second = result["logs"]
    assert (first["message"], first["fields"]) == (
        "got 5", {"level": "info", "logger": "shop", "order": "A-1"},
    )  # fmt: skip
    assert second["message"].startswith("bad\\nTraceback (most recent call last):")
    assert second["message"].endswith("ZeroDivisionError: division by zero")


def test_logging_with_a_setup_of_its_own_keeps_its_format(run: Run) -> None:
    """`basicConfig` makes a handler that writes to stderr."""
    result = run(
        "import logging\nlogging.basicConfig(level='DEBUG', format='%(levelname)s|%(message)s')\n"
        "def handler(event):\n    logging.debug('x')\n"
    )
    assert messages(result) == ["DEBUG|x"]


def test_an_own_traceback_shows_the_lines_of_the_source(run: Run) -> None:
    """There is no file to read them from: they travel with the code."""
    result = run(
        "import inspect, traceback\ndef handler(event):\n    try:\n        [][0]\n"
        "    except IndexError:\n        return [traceback.format_exc(), inspect.getsource(handler)]\n"
    )
    text, source = result["output"]
    assert 'File "function.py", line 4, in handler\n    [][0]\n' in text
    assert source.startswith("def handler(event):\n    try:")


@pytest.mark.parametrize(
    "statement",
    [
        "context.log('cut \\ud83d', x='\\ud83d', **{'k\\udc00': '\\udc00'})",
        "context.log('m' * 10**7, a='f' * 10**7, b=list(range(10**5)), c={'d': object()})",
        "context.log(Mute(), a=Mute(), b=[Mute()])",
        "context.log(LOOP, loop=LOOP)",
        "print('cut \\ud83d')",
        "print('x' * 10**7)",
        "for n in range(100_000): print('x' * 50)",
    ],
)
def test_no_log_ends_a_run(run: Run, statement: str) -> None:
    """What cannot be shown or is too much is cut."""
    result = run(
        "LOOP = []\nLOOP.append(LOOP)\nclass Mute:\n"
        "    def __str__(self): raise ValueError\n    __repr__ = __str__\n"
        f"def handler(event, context):\n    {statement}\n    return 'well'\n",
        limits={"wall_s": 10.0},
    )
    assert (result["outcome"], result["output"]) == ("returned", "well"), result["error"]
    assert result["logs"]


def test_a_flood_of_prints_is_cut_by_the_budget_of_the_log(run: Run) -> None:
    """And ends in a note that says so, or at the budget."""
    result = run(
        "def handler(event):\n    for n in range(10_000):\n        print('x' * 100)\n",
        limits={"wall_s": 10.0, "log_bytes": 4096},
    )
    assert sum(len(text) for text in messages(result)) < 5000


def test_warnings_are_shown_as_cpython_shows_them(run: Run) -> None:
    """With their line, and not those that CPython hides."""
    result = run(
        "import warnings\ndef handler(event):\n    warnings.warn('look')\n"
        "    warnings.warn('hidden', DeprecationWarning)\n"
    )
    assert messages(result)[0] == "function.py:3: UserWarning: look\\n  warnings.warn('look')"
    assert len(messages(result)) == 1


def test_a_printed_traceback_is_one_entry(run: Run) -> None:
    """It is read as a whole."""
    result = run(
        "import traceback\ndef handler(event):\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError:\n        traceback.print_exc()\n"
    )
    [text] = messages(result)
    assert text.startswith("Traceback")
    assert text.endswith("ZeroDivisionError: division by zero")
