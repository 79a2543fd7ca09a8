"""Data passes to the letter; the texts that Python makes of objects lose their addresses."""
# ruff: noqa: E501 - programs are clearest on a line each

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

LIKE_ADDRESSES = st.sampled_from(
    [
        "<f at 0x7f1234567890>",
        "meet at 0xdeadbeef",
        "<x object @ 0x7f00>",
        " at 0x",
        "0x1",
        "é at 0xF",
    ]
)
TEXT = LIKE_ADDRESSES | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
ECHO = """
def handler(event, profile, context):
    context.emit("metric.echo", {"was": event})
    context.deliver("wh_1", event)
    return event
"""
OBJECTS = """
import collections, csv, functools, hashlib, io, itertools, random
from dataclasses import dataclass

class Plain:
    def method(self):
        pass

class Bag(dict):
    pass

class Broken(Exception):
    pass

@dataclass
class Holder:
    what: object

def generate():
    yield 1

def objects(context):
    return [
        handler, lambda: 1, Plain(), Plain().method, generate(), iter([]), object(), [].append,
        context.log, functools.partial(handler), functools.lru_cache(handler), random.Random(1),
        hashlib.sha256(), io.StringIO(), csv.reader([]), itertools.count(), zip([]), map(str, []),
        property(handler), staticmethod(handler), collections.defaultdict(handler),
        [handler], {"a": (handler,)}, {handler}, collections.deque([handler]),
        collections.Counter([handler]), Bag(a=handler), Holder(handler), Broken(handler),
        KeyError(handler), super(Plain, Plain()), {1: 2}.keys(), dict(a=handler).values(),
    ]
"""
WAYS = {
    "str()": "str(x)",
    "repr()": "repr(x)",
    "ascii()": "ascii(x)",
    "format()": "format(x)",
    "an f-string": "f'{x}'",
    "an f-string's !r": "f'{x!r:>9}'",
    "an f-string's !s": "f'{x!s}'",
    "an f-string's !a": "f'{x!a}'",
    "an f-string's =": "f'{x=}'",
    "an f-string's empty format": "f'{x:{str()}}'",
    "str.format": "'{0} {0!r} {0!s} {0!a}'.format(x)",
    "str.format_map": "'{x}'.format_map({'x': x})",
}
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


def _run(box: Sandbox, source: str, event: Any = None) -> dict[str, Any]:
    job = a_job(source) | {"events": [{"run_id": "run_1", "event": event, "profile": None}]}
    result: dict[str, Any] = box.run(job)["results"][0]
    return result


@settings(deadline=None, max_examples=60)
@given(value=JSON)
@example(value={"<f at 0x7f1234567890>": ["<f at 0x7f1234567890>"]})
def test_any_json_comes_back_as_it_was(box: Sandbox, value: object) -> None:
    """Output, events and payloads are the user's to the last letter."""
    result = _run(box, ECHO, value)
    assert "returned" == result["outcome"], result
    assert value == result["output"]
    emitted, delivered = result["effects"]
    assert ({"was": value}, value) == (emitted["properties"], delivered["payload"])


@pytest.mark.parametrize("way", WAYS)
def test_the_text_of_an_object_shows_no_address(box: Sandbox, way: str) -> None:
    """All workers of one zygote share one memory layout, and a log is read by many."""
    body = f"return [{WAYS[way]} for x in objects(context)]"
    source = f"{OBJECTS}\ndef handler(event, profile, context):\n    {body}\n"
    result = _run(box, source)
    assert "returned" == result["outcome"], result
    assert [] == [shown for shown in result["output"] if ADDRESS.search(shown)]
    assert "<function handler at 0x...>" in result["output"][0]


BASES = """
import collections, enum, re
class Plain:
    def __repr__(self):
        return super().__repr__()
    def __str__(self):
        return super().__str__()
    def __format__(self, spec):
        return super().__format__(spec)
class Other:
    def __str__(self):
        return super(Other, self).__str__()
class Many(list):
    def __repr__(self):
        return super().__repr__()
class Table(dict):
    def __repr__(self):
        return super(Table, Table).__repr__(self)
class Wrong(Exception):
    def __str__(self):
        return super().__str__()
Pair = collections.namedtuple("Pair", "a b")
class Two(Pair):
    def __repr__(self):
        return super().__repr__()
class Text(str):
    def __str__(self):
        return super().__str__()
"""


def test_what_a_base_says_of_an_object_shows_no_address(box: Sandbox) -> None:
    """The text of the base is the user's to keep before anybody cleans it."""
    source = f"""{BASES}
def handler(event):
    x = [len, handler]
    made = [Plain(), Other(), Many(x), Table(a=handler), Wrong(handler), Two(handler, 1)]
    own = [f"{{Plain()}}", repr(Table(a=handler)), str(Wrong([handler]))]
    data = [str(Text("<f at 0x7f1234567890>")), repr(Many(["<f at 0x7f1234567890>"]))]
    return [[repr(each) for each in made] + own, data]
"""
    result = _run(box, source)
    assert "returned" == result["outcome"], result
    texts, data = result["output"]
    assert [] == [text for text in texts if ADDRESS.search(text)]
    assert [] == [text for text in data if "at 0x7f1234567890" not in text]


UNHASHED = [
    "object()", "Plain()", "(1, object())", "frozenset([object()])", "Two(object(), 1)", "float('nan')",
    "(1, (float('nan'),))", "re.match('a', 'a')", "handler", "[].append", "Plain",
    "(n for n in [])", "super(Plain, Plain())", "ValueError('x')",
]  # fmt: skip


def test_no_hash_is_made_from_an_address(box: Sandbox) -> None:
    """A number that is an address divided by sixteen is an address."""
    listed = ", ".join(f"lambda: hash({each})" for each in UNHASHED)
    source = f"""{BASES}
class Base:
    def __hash__(self):
        return super().__hash__()
class Tuple(tuple):
    def __hash__(self):
        return super().__hash__()
class Number(float):
    def __hash__(self):
        return super(Number, Number).__hash__(self)
def refused(function):
    try:
        return [function()]
    except TypeError as error:
        return "memory address" in str(error)
def handler(event):
    own = [lambda: hash(Base()), lambda: hash(Tuple([handler])), lambda: hash(Number("nan"))]
    kept = [hash(Tuple([1, "a"])) == hash((1, "a")), hash(Number(1.5)) == hash(1.5), hash(None)]
    return [[refused(each) for each in [{listed}] + own], kept]
"""
    result = _run(box, source)
    assert "returned" == result["outcome"], result
    refused, kept = result["output"]
    assert {True} == set(refused)
    assert [True, True, 0xFCA86420] == kept


def test_what_is_printed_logged_and_raised_shows_no_address(box: Sandbox) -> None:
    """These texts the platform makes itself."""
    source = (
        f"{OBJECTS}\ndef handler(event, profile, context):\n"
        "    for x in objects(context):\n        print(x)\n        context.log(x, x=x, y=[x])\n"
        "    raise Broken(objects(context))\n"
    )
    result = _run(box, source)
    assert "raised" == result["outcome"]
    assert "<function handler at 0x...>" == result["logs"][0]["message"]
    assert [] == ADDRESS.findall(str([result["logs"], result["error"]]))


@pytest.mark.parametrize("way", WAYS)
def test_data_and_what_a_class_says_of_itself_are_shown_to_the_letter(
    box: Sandbox, way: str
) -> None:
    """`at 0x7f00` in somebody's order is not ours to touch."""
    source = f"""
import enum, re
from dataclasses import dataclass
T = "<f at 0x7f1234567890>"
class Note:
    def __str__(self):
        return T
    def __repr__(self):
        return T
class Text(str):
    pass
class Kind(enum.StrEnum):
    A = T
@dataclass
class Row:
    what: str
def handler(event, profile, context):
    values = [T, [T], {{T: (T,)}}, {{T}}, Note(), [Note()], Text(T), Kind.A, Row(T), ValueError(T),
              KeyError(T), re.compile(T)]
    return [{WAYS[way]} for x in values]
"""
    result = _run(box, source)
    assert "returned" == result["outcome"], result
    assert [] == [shown for shown in result["output"] if "at 0x7f1234567890" not in shown]


def test_formats_mean_what_they_mean_elsewhere(box: Sandbox) -> None:
    """The detour must not be felt."""
    source = """
import datetime, decimal
class Money:
    def __format__(self, spec):
        return "money " + spec
def handler(event):
    w, x, d = 9, 1234.5, datetime.date(2026, 1, 2)
    refused = []
    for value in (handler, [1], {}):
        try:
            f"{value:>5}"
        except TypeError as error:
            refused.append("unsupported format string" in str(error))
    return [f"{x:>{w},.1f}|{x!r:>8}|{'é'!a}|{x=:.1f}|{d:%Y/%m}|{decimal.Decimal('1.50'):.1f}",
            f"{Money():abc}|{Money()}", format(3.14159, ".2f"), format("a", ">3"), format(True),
            str(b"a", "utf-8"), str(), str(object="x"), f"{'a' + f'{w}'}", refused]
"""
    assert [
        "  1,234.5|  1234.5|'\\xe9'|x=1234.5|2026/01|1.5",
        "money abc|money ",
        "3.14",
        "  a",
        "True",
        "a",
        "",
        "x",
        "a9",
        [True, True, True],
    ] == _run(box, source)["output"]


def test_a_name_of_the_users_own_is_not_taken_for_str(box: Sandbox) -> None:
    """Whoever calls something `str` gets what he calls so."""
    source = """
from math import sqrt as str
def f(str):
    return str(2)
def handler(event):
    return [f(lambda n: n + 1), str(4)]
"""
    assert [3, 2.0] == _run(box, source)["output"]
