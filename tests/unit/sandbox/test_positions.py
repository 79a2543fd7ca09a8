"""Exceptions that hold a position show nothing that is not theirs."""
# ruff: noqa: E501 - programs are clearest on a line each

import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

DECODE = "UnicodeDecodeError('utf-8', b'x', {0}, {1}, 'r')"
ENCODE = "UnicodeEncodeError('utf-8', 'x', {0}, {1}, 'r')"
TRANSLATE = "UnicodeTranslateError('x', {0}, {1}, 'r')"
MAKERS = {
    "by its name": DECODE,
    "an encode error": ENCODE,
    "a translate error": TRANSLATE,
    "by type()": "type(caught)('utf-8', b'x', {0}, {1}, 'r')",
    "by map": "next(map(UnicodeDecodeError, ['utf-8'], [b'x'], [{0}], [{1}], ['r']))",
    "by partial": "functools.partial(UnicodeDecodeError, 'utf-8', b'x')({0}, {1}, 'r')",
    "by what __exit__ is given": "seen[0]('utf-8', b'x', {0}, {1}, 'r')",
    "by throw": "thrown(UnicodeDecodeError, ('utf-8', b'x', {0}, {1}, 'r'))",
    "with an integer of its own": "UnicodeDecodeError('utf-8', b'x', Int({0}), Int({1}), 'r')",
    "with text of its own": "UnicodeEncodeError('utf-8', Text('x'), {0}, {1}, 'r')",
}
POSITIONS = [
    (-1, 0),
    (-40, -39),
    (-(2**62), -(2**62) + 1),
    (0, 2),
    (1, 0),
    (5, 6),
    (2**40, 2**40 + 1),
]
SOURCE = """
import functools
seen = []
class Int(int):
    pass
class Text(str):
    pass
class Keep:
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        seen.append(kind)
        return True
def thrown(*args):
    def wait():
        yield 1
    g = wait()
    next(g)
    g.throw(*args)
def handler(event):
    try:
        b"\\xff".decode()
    except UnicodeDecodeError as error:
        caught = error
    with Keep():
        b"\\xff".decode()
    made = []
    for make in [%s]:
        try:
            made.append(str(make()))
        except (ValueError, TypeError, OverflowError) as error:
            made.append(type(error).__name__)
    return made
"""


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize("how", MAKERS)
def test_a_position_outside_the_text_is_refused(box: Sandbox, how: str) -> None:
    """CPython before 3.13.1 reads the byte there, in front of the text too."""
    made = ", ".join(f"lambda: {MAKERS[how].format(*where)}" for where in POSITIONS)
    result = _run(box, SOURCE % made)
    assert result["outcome"] == "returned", result
    assert set(result["output"]) <= {"ValueError", "TypeError"}


def test_a_position_within_the_text_is_shown(box: Sandbox) -> None:
    """Whoever makes such an error by the rules gets it."""
    made = ", ".join(f"lambda: {each.format(0, 1)}" for each in (DECODE, ENCODE, TRANSLATE))
    assert _run(box, SOURCE % made)["output"] == [
        "'utf-8' codec can't decode byte 0x78 in position 0: r",
        "'utf-8' codec can't encode character '\\x78' in position 0: r",
        "can't translate character '\\x78' in position 0: r",
    ]


def test_the_class_cannot_be_inherited_from_or_changed(box: Sandbox) -> None:
    """An object of such a class could be given any position later."""
    source = """
def attempt(function):
    try:
        return function()
    except (TypeError, AttributeError) as error:
        return type(error).__name__
def inherit():
    class Mine(UnicodeDecodeError):
        pass
    return "made"
def inherit_two():
    class Mine(ValueError, UnicodeEncodeError):
        pass
    return "made"
def write():
    try:
        b"\\xff".decode()
    except UnicodeDecodeError as error:
        error.start = -5
    return "written"
def start_again():
    error = UnicodeDecodeError("utf-8", b"x", 0, 1, "r")
    UnicodeDecodeError.__init__(error, "utf-8", b"x", -5, -4, "r")
    return str(error)
def handler(event):
    return [attempt(inherit), attempt(inherit_two), attempt(write), start_again()]
"""
    assert _run(box, source)["output"] == [
        "TypeError",
        "TypeError",
        "TypeError",
        "'utf-8' codec can't decode byte 0x78 in position 0: r",
    ]


def test_other_errors_with_positions_show_what_they_were_given(box: Sandbox) -> None:
    """They hold numbers and show them, and read nothing by them."""
    source = textwrap.dedent("""
        import json
        def handler(event):
            made = []
            for n in (-1, -40, -(2**62), 2**62):
                made += [SyntaxError("m", ("f", n, n, "t", n, n)), SyntaxError("m", ("f", n, n, "t")),
                         json.JSONDecodeError("m", "doc", n), OSError(n, "s", "f"), BlockingIOError(1, "s", n),
                         IndentationError("m", ("f", n, n, "t")), StopIteration(n), KeyError(n)]
            return [str(error) for error in made] + [repr(error) for error in made]
    """)
    result = _run(box, source)
    assert result["outcome"] == "returned", result
    for text in result["output"]:
        assert text.isprintable()
        assert len(text) < 200
