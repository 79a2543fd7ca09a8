"""Ordinary classes and whole modules run in the sandbox as they do anywhere."""
# ruff: noqa: E501 - programs and their results are clearest on a line each

import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

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


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize("what", MODULES)
def test_class_or_module_runs_as_anywhere(box: Sandbox, what: str) -> None:
    """The same for what spans a whole module."""
    source, expected = MODULES[what]
    result = _run(box, textwrap.dedent(source))
    assert result["output"] == expected, result
