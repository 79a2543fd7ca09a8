"""What the dialect of the engine `restricted` has to do as Python does it, hook by hook."""
# ruff: noqa: E501 - programs are clearest on a line each

import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

PROGRAMS: dict[str, tuple[str, Any]] = {
    "a pattern binds a name that is a built-in elsewhere": (
        """
        def handler(event):
            match event:
                case {"id": id, "topic": vars, **dir}:
                    return [id, vars, sorted(dir)]
        """,
        ["evt_1", "metric.placed_order", ["properties"]],
    ),
    "sequence and star patterns bind such names too": (
        """
        def handler(event):
            match [1, 2, 3]:
                case [input, *help]:
                    return [input, help]
        """,
        [1, [2, 3]],
    ),
    "an exception is bound to such a name": (
        """
        def handler(event):
            try:
                int("x")
            except ValueError as exit:
                return str(exit)[:15]
        """,
        "invalid literal",
    ),
    "an enumeration whose members have an __init__": (
        """
        from enum import Enum
        class Plan(Enum):
            FREE = ("free", 0)
            PRO = ("pro", 49)
            def __init__(self, label, price):
                self.label = label
                self._price = price
            @property
            def yearly(self):
                return self._price * 12
        def handler(event):
            return [Plan.PRO.label, Plan.PRO.yearly, Plan(("free", 0)).name, [p.label for p in Plan]]
        """,
        ["pro", 588, "FREE", ["free", "pro"]],
    ),
    "copies of members, tuples and objects that copy themselves": (
        """
        import copy
        from collections import OrderedDict, defaultdict
        from enum import Enum
        from typing import NamedTuple
        class Color(Enum):
            RED = 1
        class Row(NamedTuple):
            tags: list
        class Money:
            def __init__(self, n):
                self.n = n
            def __copy__(self):
                return Money(self.n + 100)
            def __deepcopy__(self, memo):
                return Money([copy.deepcopy(self.n, memo), 1000])
        class Node:
            def __init__(self):
                self.me = self
        class Lists(defaultdict):
            pass
        def handler(event):
            row, node = Row(["a"]), Node()
            twin, again = copy.deepcopy(row), copy.deepcopy(node)
            twin.tags.append("b")
            lists = Lists(list)
            lists["a"].append(1)
            other = copy.deepcopy(lists)
            other["b"].append(2)
            return [copy.deepcopy({"c": Color.RED})["c"] is Color.RED, copy.copy(Color.RED) is Color.RED,
                    row.tags, list(twin), copy.copy(Money(1)).n, copy.deepcopy([Money(1)])[0].n,
                    again.me is again, again is node, dict(lists), dict(other),
                    list(copy.deepcopy(OrderedDict(b=[1], a=[2])))]
        """,
        [
            True,
            True,
            ["a"],
            [["a", "b"]],
            101,
            [1, 1000],
            True,
            False,
            {"a": [1]},
            {"a": [1], "b": [2]},
            ["b", "a"],
        ],
    ),
    "templates that begin a field with an index": (
        """
        def handler(event):
            d = {"k": 5, "n": [1, 2]}
            return ["{[k]}".format(d), "{[n][1]} {[k]!r:>3}".format(d, d), "{a[n][0]}".format(a=d),
                    "{k}".format_map(d), "{:{}}|{:>{w}}".format("x", 3, "y", w=2), "{{}}".format()]
        """,
        ["5", "2   5", "1", "5", "x  | y", "{}"],
    ),
    "a template's errors are Python's": (
        """
        def handler(event):
            out = []
            for template in ("{} {0}", "{0} {}", "{2}", "{x}", "{!z}", "{:{:{}}}"):
                try:
                    template.format(1, 2)
                except (ValueError, IndexError, KeyError) as error:
                    out.append(type(error).__name__)
            return out
        """,
        ["ValueError", "ValueError", "IndexError", "KeyError", "ValueError", "ValueError"],
    ),
    "hashes of named tuples and of what inherits its hash": (
        """
        from collections import namedtuple
        from dataclasses import dataclass
        Key = namedtuple("Key", "sku size")
        class Money:
            def __init__(self, n):
                self.n = n
            def __eq__(self, other):
                return self.n == other.n
            def __hash__(self):
                return hash(self.n)
        class Cash(Money):
            pass
        @dataclass(frozen=True)
        class Point:
            x: int
            y: object = None
        def handler(event):
            return [hash(Key("a", 1)) == hash(Key("a", 1)), hash(Key("a", 1)) == hash(("a", 1)),
                    hash(Cash(3)) == hash(3), hash(Point(1)) == hash(Point(1)), hash((1, None)) == hash((1, None)),
                    {Key("a", 1): 2}[("a", 1)], len({Point(1), Point(1), Point(2)})]
        """,
        [True, True, True, True, True, 2, 2],
    ),
    "class variables in quotes and behind dots": (
        """
        import typing
        from dataclasses import dataclass, asdict, fields
        from typing import ClassVar
        @dataclass
        class Row:
            sku: "str"
            table: "ClassVar[str]" = "rows"
            more: typing.ClassVar[dict[str, typing.Any]] = {"a": 1}
        def handler(event):
            return [asdict(Row("a")), [f.name for f in fields(Row)], Row.table]
        """,
        [{"sku": "a"}, ["sku"], "rows"],
    ),
    "the errors of files and connections exist": (
        """
        import json
        class MissingTemplate(FileNotFoundError):
            def __init__(self, filename):
                super().__init__(2, "no template", filename)
                self.where = filename
        def handler(event):
            out = []
            for kind in (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError,
                         ConnectionResetError, ConnectionRefusedError, BrokenPipeError, InterruptedError):
                try:
                    raise kind(2, "no")
                except OSError as error:
                    out.append(error.errno)
            try:
                raise MissingTemplate("a.html")
            except FileNotFoundError as error:
                return [sum(out), str(error), error.where, error.strerror, issubclass(RuntimeWarning, Warning)]
        """,
        [16, "[Errno 2] no template: 'a.html'", "a.html", "no template", True],
    ),
    "private names that older sandboxes kept": (
        """
        def _print(message):
            print("[app]", message)
        def _apply(rules, value):
            for rule in rules:
                value = rule(value)
            return value
        def _write(_getattr, _getitem, _getiter, _inplacevar):
            return _getattr
        def handler(event):
            _print("start")
            return [_apply([str.strip, str.lower], " A "), _write(1, 2, 3, 4)]
        """,
        ["a", 1],
    ),
    "an attribute that is None is there": (
        """
        class A:
            x = None
        def handler(event):
            return [hasattr(A(), "x"), hasattr(A, "x"), hasattr(A(), "y"), getattr(A(), "x", 5)]
        """,
        [True, True, False, None],
    ),
    "a text class with a format of its own": (
        """
        class Template(str):
            def format(self, **values):
                out = str(self)
                for key, value in values.items():
                    out = out.replace("[" + key + "]", value)
                return out
        class Plain(str):
            pass
        def handler(event):
            return [Template("Hi [name]").format(name="Ada"), Plain("{}!").format("a")]
        """,
        ["Hi Ada", "a!"],
    ),
    "an __exit__ that looks at what it is given": (
        """
        class Guard:
            def __enter__(self):
                return self
            def __exit__(self, kind, error, trace):
                self.seen = [kind is not None and issubclass(kind, ValueError), kind is UnicodeDecodeError,
                             isinstance(error, UnicodeDecodeError), trace is not None]
                return True
        class Loud(Guard):
            def __exit__(self, *args):
                return super().__exit__(*args)
        def handler(event):
            with Loud() as bad:
                b"\\xff".decode()
            with Guard() as good:
                pass
            return [bad.seen, good.seen]
        """,
        [[True, True, True, True], [False, False, False, False]],
    ),
    "decode errors are caught by their name, in a tuple, by their base, and told apart by type()": (
        """
        KINDS = (KeyError, UnicodeDecodeError)
        def handler(event):
            out = []
            for kinds in (UnicodeDecodeError, KINDS, UnicodeError, ValueError, (TypeError, UnicodeEncodeError)):
                try:
                    try:
                        b"a\\xff".decode()
                    except kinds as error:
                        out.append([type(error).__name__, type(error) is UnicodeDecodeError, error.start])
                except Exception:
                    out.append("not caught")
            made = UnicodeDecodeError("utf-8", b"x", 0, 1, "no")
            return [out, str(made), isinstance(made, (int, UnicodeDecodeError)), issubclass(UnicodeDecodeError, ValueError)]
        """,
        [
            [["UnicodeDecodeError", True, 1]] * 4 + ["not caught"],
            "'utf-8' codec can't decode byte 0x78 in position 0: no",
            True,
            True,
        ],
    ),
}


def _run(box: Sandbox, source: str, **changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source, **changes))["results"][0]
    return result


@pytest.mark.parametrize("what", PROGRAMS)
def test_the_dialect_does_as_python_does(box: Sandbox, what: str) -> None:
    """Each of these was refused, or behaved otherwise, without any need."""
    source, expected = PROGRAMS[what]
    result = _run(box, textwrap.dedent(source))
    assert result["output"] == expected, result


def test_a_byte_order_mark_is_no_part_of_the_source(box: Sandbox) -> None:
    """Editors on Windows write one, and nobody sees it."""
    result = _run(box, "\ufeffdef handler(event):\n    return 1\n")
    assert result["output"] == 1, result


def test_a_separator_of_a_class_of_yours_is_refused(box: Sandbox) -> None:
    """Its join would be given what print works with."""
    source = (
        "class S(str):\n    pass\ndef handler(event):\n    print(1, 2, sep='-')\n"
        "    print(3, 4, sep=None)\n    print(1, sep=S(','))\n"
    )
    result = _run(box, source)
    assert [entry["message"] for entry in result["logs"]] == ["1-2", "3 4"]
    assert result["error"]["type"] == "TypeError"
