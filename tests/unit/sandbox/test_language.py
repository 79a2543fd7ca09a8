"""Ordinary Python, as people write it every day, runs in the sandbox as it does anywhere."""
# ruff: noqa: E501, ISC004 - programs and their results are clearest on a line each

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

BODIES: dict[str, tuple[str, Any]] = {
    "augmented assignment to items": (
        "d = {'a': 1}\nd['a'] += 2\nd.setdefault('l', [])\nd['l'] += [1]\nreturn d",
        {"a": 3, "l": [1]},
    ),
    "augmented assignment evaluates its object once": (
        "n = []\ndef f():\n    n.append(1)\n    return {'a': 1}\nf()['a'] += 1\nreturn len(n)",
        1,
    ),
    "annotations": (
        "x: int = 1\ny: list[str]\ndef f(a: int) -> 'no':\n    return a\nreturn f(x)",
        1,
    ),
    "nonlocal": (
        "n = 0\ndef f():\n    nonlocal n\n    n += 1\n    return n\nf()\nreturn f()",
        2,
    ),
    "tuple unpacking with a star": ("a, (b, *c) = 1, (2, 3, 4)\nreturn [a, b, c]", [1, 2, [3, 4]]),
    "star arguments": (
        "def f(a, *b, k=0, **m):\n    return [a, list(b), k, m]\nreturn f(*[1, 2], **{'k': 3, 'z': 4})",
        [1, [2], 3, {"z": 4}],
    ),
    "comprehensions": (
        "return [[x for x in range(3) if x], sorted({x % 2 for x in range(3)}), "
        "{k: v for k, v in [('a', 1)]}, sum(x for x in range(4))]",
        [[1, 2], [0, 1], {"a": 1}, 6],
    ),
    "f-strings with format specs": (
        "v = 1234.5\nw = 10\nreturn f'{v:,.2f}|{\"x\":>{w}}|{v!r}|{v=}'",
        "1,234.50|         x|1234.5|v=1234.5",
    ),
    "str.format without attributes": (
        "return '{} {0[a]} {n:>3}'.replace('{} ', '').format({'a': 1}, n=2) + '{}-{}'.format(1, 2)",
        "1   21-2",
    ),
    "percent format": ("return '%s %05.1f %(x)s'[:9] % ('a', 1.25)", "a 001.2"),
    "try, except, else, finally": (
        "out = []\ntry:\n    int('x')\nexcept (ValueError, TypeError) as e:\n    out.append(str(e)[:7])\n"
        "else:\n    out.append('no')\nfinally:\n    out.append('f')\nreturn out",
        ["invalid", "f"],
    ),
    "raise from": (
        "try:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise ValueError('x') from e\n"
        "except ValueError as e:\n    return type(e).__name__",
        "ValueError",
    ),
    "generators": (
        "def g(n):\n    for i in range(n):\n        got = yield i\n        if got:\n            yield got\n"
        "def h():\n    yield from g(2)\nx = g(3)\nnext(x)\nreturn [list(h()), x.send('s'), next(x)]",
        [[0, 1], "s", 1],
    ),
    "match on values, sequences and mappings": (
        "def f(x):\n    match x:\n        case 0 | 1:\n            return 'small'\n        case [a, *rest] if rest:\n"
        "            return [a, rest]\n        case {'type': 'x', **more}:\n            return more\n"
        "        case str(s):\n            return s + '!'\n        case None:\n            return 'none'\n"
        "        case _:\n            return 'other'\n"
        "return [f(1), f([1, 2, 3]), f({'type': 'x', 'a': 1}), f('s'), f(None), f(2.5)]",
        ["small", [1, [2, 3]], {"a": 1}, "s!", "none", "other"],
    ),
    "walrus, chained comparison, conditional": (
        "if (n := 5) > 3 and 1 < n < 10:\n    return 'y' if n else 'n'",
        "y",
    ),
    "lambda, map, filter, sorted with key": (
        "return [list(map(lambda x: x * 2, [1, 2])), list(filter(None, [0, 1])), "
        "sorted([{'a': 2}, {'a': 1}], key=lambda d: d['a'], reverse=True), max([1, 3], default=0)]",
        [[2, 4], [1], [{"a": 2}, {"a": 1}], 3],
    ),
    "slices and deletion": (
        "x = list(range(6))\ndel x[0]\nx[1:3] = ['a']\nd = {'k': 1}\ndel d['k']\nreturn [x, x[::-1][:2], d]",
        [[1, "a", 4, 5], [5, 4], {}],
    ),
    "zip, enumerate, reversed, any, all, bytes": (
        "return [list(zip('ab', [1, 2])), list(enumerate('a', 1)), list(reversed([1, 2])), any([0, 1]), "
        "all([]), bytes([65]).decode(), dict(zip('a', [1]))]",
        [[["a", 1], ["b", 2]], [[1, "a"]], [2, 1], True, True, "A", {"a": 1}],
    ),
    "while with else, for with else, continue": (
        "n = 0\nwhile n < 3:\n    n += 1\nelse:\n    n = 10\nfor i in range(2):\n    continue\nelse:\n    n += 1\nreturn n",
        11,
    ),
    "isinstance and type": (
        "return [isinstance(1, (int, str)), type('') is str, type([]) == list, callable(len)]",
        [True, True, True, True],
    ),
    "private names": ("_x = 1\ndef _f(_y):\n    return _x + _y\nreturn _f(1)", 2),
    "global": ("global COUNT\nCOUNT = 5\nreturn COUNT", 5),
    "assert": (
        "try:\n    assert 1 == 2, 'no'\nexcept AssertionError as e:\n    return str(e)",
        "no",
    ),
    "recursion": ("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nreturn f(15)", 610),
    "getattr with a default": ("return [getattr('', 'nope', 1), hasattr('', 'upper')]", [1, True]),
    "integers and rounding": (
        "return [7 // 2, -7 % 3, 2 ** 10, round(2.675, 2), divmod(7, 2), int('ff', 16)]",
        [3, 2, 1024, 2.67, [3, 1], 255],
    ),
    "counters as results": (
        "import collections\nreturn collections.Counter('aab')",
        {"a": 2, "b": 1},
    ),
}

MODULES: dict[str, tuple[str, Any]] = {
    "a class with ordinary methods": (
        """
        class Cart:
            TAX = 0.2
            def __init__(self, items=()):
                self.items = list(items)
                self._total = 0
                self.count = 0
            def add(self, price, qty=1):
                self.items.append((price, qty))
                self._total += price * qty
                self.count += qty
                return self
            @property
            def total(self):
                return round(self._total * (1 + self.TAX), 2)
            @total.setter
            def total(self, value):
                self._total = value
            @staticmethod
            def money(x):
                return f"{x:.2f}"
            @classmethod
            def empty(cls):
                return cls()
            def __len__(self):
                return self.count
            def __iter__(self):
                return iter(self.items)
            def __getitem__(self, i):
                return self.items[i]
            def __contains__(self, p):
                return any(p == x for x, _ in self.items)
            def __repr__(self):
                return f"Cart({self.count})"
            def __eq__(self, other):
                return isinstance(other, Cart) and self._total == other._total
            def __hash__(self):
                return hash(self._total)
            def __call__(self, x):
                return x + self.count
            def __bool__(self):
                return bool(self.items)
            def __add__(self, other):
                return Cart([*self.items, *other.items])
            def format(self, width):
                return str(self).rjust(width)
        def handler(event):
            c = Cart.empty().add(10).add(5, 2)
            a = c.total
            c.total = 1
            d = c + c
            setattr(c, "note", "n")
            c.count -= 1
            return [a, len(c), [list(x) for x in c], c[0][0], 5 in c, repr(c), c == c, c(1), bool(Cart()),
                    len(d.items), c.note, Cart.money(2), c.format(8), {c: 1}[c]]
        """,
        [
            24.0,
            2,
            [[10, 1], [5, 2]],
            10,
            True,
            "Cart(2)",
            True,
            3,
            False,
            4,
            "n",
            "2.00",
            " Cart(2)",
            1,
        ],
    ),
    "inheritance, super and own exceptions": (
        """
        class AppError(Exception):
            def __init__(self, code, *, detail=None):
                super().__init__(f"code {code}")
                self.code = code
                self.detail = detail
        class Missing(AppError, KeyError):
            def __str__(self):
                return "missing " + super().__str__()
        class Base:
            def __init__(self, a):
                self.a = a
            def name(self):
                return "base"
        class Child(Base):
            def __init__(self, a, b):
                Base.__init__(self, a)
                self.b = b
            def name(self):
                return "child of " + super().name()
        def handler(event):
            try:
                raise Missing(7, detail="d")
            except AppError as e:
                return [e.code, e.detail, str(e), list(e.args), type(e).__name__, Child(1, 2).name(), Child(1, 2).b]
        """,
        [7, "d", "missing 'code 7'", ["code 7"], "Missing", "child of base", 2],
    ),
    "a context manager of one's own": (
        """
        class Timer:
            def __enter__(self):
                self.log = ["in"]
                return self
            def __exit__(self, kind, error, trace):
                self.log.append("out" if kind is None else "err")
                return True
        def handler(event):
            with Timer() as t:
                1 / 0
            with Timer() as u, Timer() as v:
                pass
            return [t.log, u.log]
        """,
        [["in", "err"], ["in", "out"]],
    ),
    "dataclasses": (
        """
        from dataclasses import dataclass, field, asdict, replace
        from typing import Optional, ClassVar
        @dataclass
        class Line:
            sku: str
            qty: int = 1
            tags: list[str] = field(default_factory=list)
            LIMIT: ClassVar[int] = 5
            @property
            def big(self) -> bool:
                return self.qty > self.LIMIT
        @dataclass(frozen=True, order=True)
        class Money:
            amount: float
            currency: str = "EUR"
            def __post_init__(self):
                if self.amount < 0:
                    raise ValueError("negative")
        @dataclass
        class Order(Line):
            lines: Optional[list] = None
        def handler(event):
            a, b = Line("x"), Line("x")
            a.tags.append("t")
            out = [asdict(a), a == b, repr(Money(1.5)), Money(1) < Money(2), b.big, len({Money(1), Money(1)})]
            try:
                Money(1).amount = 2
            except AttributeError as e:
                out.append(str(e))
            out.append(asdict(replace(Order("z", lines=[Line("q")]), qty=9)))
            return out
        """,
        [
            {"sku": "x", "qty": 1, "tags": ["t"]},
            False,
            "Money(amount=1.5, currency='EUR')",
            True,
            False,
            1,
            "cannot change field 'amount'",
            {"sku": "z", "qty": 9, "tags": [], "lines": [{"sku": "q", "qty": 1, "tags": []}]},
        ],
    ),
    "enumerations": (
        """
        from enum import Enum, IntEnum, StrEnum, auto
        class Color(Enum):
            RED = 1
            BLUE = auto()
            @property
            def nice(self):
                return self.name.title()
        class Level(IntEnum):
            LOW = 1
        class Kind(StrEnum):
            A = auto()
        def handler(event):
            match Color(2):
                case Color.BLUE:
                    hit = True
            return [Color.RED.value, Color["BLUE"].nice, [c.name for c in Color], Level.LOW + 1, Kind.A == "a",
                    hit, len(Color), Color.RED is Color(1), isinstance(Color.RED, Enum), f"{Kind.A}"]
        """,
        [1, "Blue", ["RED", "BLUE"], 2, True, True, 2, True, True, "a"],
    ),
    "typing constructs": (
        """
        from typing import NamedTuple, TypedDict, Any, Callable, cast
        from collections import namedtuple
        Row = dict[str, Any]
        Handler = Callable[[Row], Any]
        class P(NamedTuple):
            x: int
            y: int = 2
            def total(self):
                return self.x + self.y
        class T(TypedDict):
            a: int
        N = namedtuple("N", "a b")
        def handler(event: Row) -> Any:
            p = P(1)
            n = N(1, b=2)
            return [p.total(), p.y, n.a, n._asdict(), n._replace(a=5).a, T(a=1), cast(int, 3), list(n)]
        """,
        [3, 2, 1, {"a": 1, "b": 2}, 5, {"a": 1}, 3, [1, 2]],
    ),
    "decorators and closures": (
        """
        import functools
        def twice(f):
            @functools.wraps(f)
            def inner(*a, **k):
                return f(*a, **k) * 2
            return inner
        @twice
        def five():
            return 5
        @functools.lru_cache(maxsize=None)
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        class Lazy:
            @functools.cached_property
            def v(self):
                return 42
        def handler(event):
            l = Lazy()
            return [five(), fib(50), fib.cache_info().hits > 0, l.v + l.v, functools.reduce(lambda a, b: a + b, [1, 2]),
                    functools.partial(max, 1)(2)]
        """,
        [10, 12586269025, True, 84, 3, 2],
    ),
    "subclasses of dict and list": (
        """
        class D(dict):
            def __missing__(self, key):
                self[key] = key * 2
                return self[key]
        class L(list):
            def first(self):
                return self[0]
        def handler(event):
            d = D(a=1)
            d["b"]
            l = L([1])
            l.append(2)
            l += [3]
            d["a"] += 1
            return [dict(d), l.first(), list(l), d.get("a")]
        """,
        [{"a": 2, "b": "bb"}, 1, [1, 2, 3], 2],
    ),
    "an iterator class": (
        """
        class Count:
            def __init__(self, n):
                self.n = n
            def __iter__(self):
                return self
            def __next__(self):
                if self.n == 0:
                    raise StopIteration
                self.n -= 1
                return self.n
        def handler(event):
            return [*Count(3)]
        """,
        [2, 1, 0],
    ),
    "a handler that is an object, and handlers by count of parameters": (
        """
        class H:
            def __call__(self, event, context):
                return context.tenant
        handler = H()
        """,
        "acme",
    ),
    "copies": (
        """
        import copy
        class A:
            def __init__(self):
                self.l = [1]
        def handler(event):
            a = A()
            b, c = copy.copy(a), copy.deepcopy(a)
            a.l.append(2)
            d = {"x": [1]}
            e = copy.deepcopy(d)
            d["x"].append(2)
            return [b.l, c.l, e]
        """,
        [[1, 2], [1], {"x": [1]}],
    ),
}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """One sandbox for all."""
    with Sandbox() as made:
        yield made


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize("what", BODIES)
def test_plain_statement_runs_as_anywhere(box: Sandbox, what: str) -> None:
    """A developer who has to learn a dialect goes elsewhere."""
    body, expected = BODIES[what]
    result = _run(box, "def handler(event, profile, context):\n" + textwrap.indent(body, "    "))
    assert result["output"] == json.loads(json.dumps(expected)), result


@pytest.mark.parametrize("what", MODULES)
def test_class_or_module_runs_as_anywhere(box: Sandbox, what: str) -> None:
    """The same for what spans a whole module."""
    source, expected = MODULES[what]
    result = _run(box, textwrap.dedent(source))
    assert result["output"] == expected, result
