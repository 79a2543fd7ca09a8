"""Methods that the platform makes for classes of the user's are called with whatever there is."""
# ruff: noqa: E501 - programs are clearest on a line each

import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

CLASSES = """
import collections, functools, json, math
from dataclasses import dataclass, field, fields, asdict, astuple, replace, is_dataclass
from collections import Counter
from enum import Enum
from typing import NamedTuple
@dataclass(order=True, unsafe_hash=True)
class Row:
    tenant: object
@dataclass(frozen=True)
class Ice:
    a: object
class Child(Row):
    pass
class Color(Enum):
    RED = 1
class Bag(collections.Counter):
    pass
Pair = collections.namedtuple("Pair", "left right")
class Three(NamedTuple):
    x: int
    def total(self):
        return self.x
def refused(function, *args, **more):
    try:
        got = function(*args, **more)
    except (TypeError, AttributeError) as error:
        return type(error).__name__
    return "let through: " + type(got).__name__
"""

METHODS = {
    "__init__ by the class's name": "Row.__init__",
    "__init__ by super() of the class": "super(Child, Child).__init__",
    "__eq__ by super() of the class": "super(Child, Child).__eq__",
    "__lt__ by super() of the class": "super(Child, Child).__lt__",
    "__repr__ by super() of the class": "super(Child, Child).__repr__",
    "__hash__ by super() of the class": "super(Child, Child).__hash__",
    "__init__ of a frozen one": "Ice.__init__",
    "_replace of a named tuple": "Pair._replace",
    "_asdict of a named tuple": "Pair._asdict",
    "_replace of a NamedTuple": "Three._replace",
    "__init__ of a counter": "Bag.__init__",
    "__init__ of the library's counter": "Counter.__init__",
    "update of a counter": "Bag.update",
    "subtract of a counter": "Bag.subtract",
    "most_common of a counter": "Bag.most_common",
    "__init__ of an enumeration": "Color.__init__",
    "asdict": "asdict",
    "astuple": "astuple",
    "replace": "replace",
}
OTHERS = (
    "context, context.http, json, json.dumps, math.sqrt, len, fields(Row)[0], handler, Ice, Exception, "
    "ValueError('x'), (n for n in []), 'text', 5, [1], {'a': 1}, None, super(Child, Child(1))"
)


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(textwrap.dedent(source)))["results"][0]
    return result


@pytest.mark.parametrize("what", METHODS)
def test_a_generated_method_works_for_instances_of_its_class_alone(box: Sandbox, what: str) -> None:
    """With a `self` that was not its own, it wrote to the context and read past the guards."""
    source = f"""{CLASSES}
def handler(event, profile, context):
    method = {METHODS[what]}
    return [refused(method, other, *more) for other in [{OTHERS}] for more in ((), (1,))]
"""
    result = _run(box, source)
    assert result["outcome"] == "returned", result
    assert set(result["output"]) <= {"TypeError", "AttributeError"}


def test_a_class_is_no_instance_of_itself(box: Sandbox) -> None:
    """`asdict(A)` read the attributes of the class object, `mro` among them."""
    source = f"""{CLASSES}
@dataclass(init=False)
class A(Exception):
    mro: object
def handler(event):
    return [refused(f, A) for f in (asdict, astuple, replace)] + [is_dataclass(A), len(fields(A))]
"""
    assert _run(box, source)["output"] == ["TypeError"] * 3 + [True, 1]


def test_a_field_cannot_have_a_name_that_its_class_hides(box: Sandbox) -> None:
    """`format` of a text class would hand out what reads any attribute by its name."""
    for base, name in (("str", "format"), ("str", "format_map"), ("Exception", "with_traceback")):
        source = f"""
from dataclasses import dataclass
def handler(event):
    @dataclass(init=False)
    class S({base}):
        {name}: object
    return 1
"""
        error = _run(box, source)["error"]
        assert error["type"] == "TypeError"
        assert name in error["message"]


def test_what_fields_gives_is_a_picture(box: Sandbox) -> None:
    """The names that the methods read lie where nobody can write."""
    source = f"""{CLASSES}
def write(x):
    x.name = "__class__"
def handler(event):
    first = fields(Row)[0]
    out = [refused(write, first), refused(setattr, first, "name", "__class__"), refused(Row.__init__, first, "__class__")]
    return out + [first.name, fields(Row)[0].name, asdict(Row(1)), repr(Row(2))]
"""
    expected = ["TypeError", "TypeError", "TypeError", "tenant", "tenant", {"tenant": 1}]
    assert _run(box, source)["output"] == [*expected, "Row(tenant=2)"]


def test_one_field_in_two_classes_stays_what_each_says(box: Sandbox) -> None:
    """The field was renamed for the first class when the second was made."""
    source = """
from dataclasses import dataclass, field, asdict
f = field(default=5)
@dataclass
class A:
    x: int = f
@dataclass
class B:
    y: int = f
def handler(event):
    return [asdict(A()), asdict(B(2)), repr(A(1)), A(1) == A(1)]
"""
    assert _run(box, source)["output"] == [{"x": 5}, {"y": 2}, "A(x=1)", True]


def test_methods_of_the_users_own_are_called_for_anything(box: Sandbox) -> None:
    """What the user wrote may be called as Python lets one call it."""
    source = """
class A:
    def who(self):
        return type(self).__name__
    def __init__(self, n=0):
        self.n = n
class B(A):
    def __init__(self):
        A.__init__(self, 5)
class Text(str):
    def __init__(self, value):
        str.__init__(self)
class Broken(ValueError):
    def __init__(self, code):
        ValueError.__init__(self, code)
def handler(event):
    return [A.who(5), B().n, str(Text("x")), str(Broken(3)), A.who(B())]
"""
    assert _run(box, source)["output"] == ["int", 5, "x", "3", "B"]


def test_dataclasses_do_what_they_do_elsewhere(box: Sandbox) -> None:
    """The checks must not be felt."""
    source = """
from dataclasses import dataclass, field, asdict, astuple, replace, fields, FrozenInstanceError
@dataclass(order=True)
class Base:
    a: int
    b: int = field(default=2, repr=False)
    c: list = field(default_factory=list, compare=False)
    d: int = field(default=4, init=False)
@dataclass(frozen=True, kw_only=True)
class Sub(Base):
    e: int = 5
    def __post_init__(self):
        self.c.append(self.a)
@dataclass
class Late:
    n: int
    twice: int = field(init=False)
    def __post_init__(self):
        self.twice = self.n * 2
@dataclass
class Own:
    _hidden: int = 1
    def __eq__(self, other):
        return True
def attempt(function):
    try:
        return function()
    except (TypeError, ValueError, FrozenInstanceError) as error:
        return type(error).__name__
def frozen(x):
    x.a = 1
def handler(event):
    one, two = Base(1), Base(1, 3, c=[9])
    sub = Sub(a=7)
    return [repr(one), one < two, one == Base(1, c=[5]), asdict(two), astuple(one), repr(sub), sub.c,
            attempt(lambda: frozen(sub)), attempt(lambda: Base()), attempt(lambda: Base(1, a=2)),
            attempt(lambda: Base(1, x=2)), attempt(lambda: Base(1, 2, 3, 4)), asdict(replace(two, a=8)),
            attempt(lambda: replace(one, d=1)), [f.name for f in fields(Sub)], Own() == 5, repr(Own(3)),
            hash(sub) == hash(Sub(a=7)), asdict(Base([Base(1)]))["a"][0]["b"], asdict(Late(2)), attempt(lambda: hash(one))]
"""
    assert _run(box, source)["output"] == [
        "Base(a=1, c=[], d=4)", True, True, {"a": 1, "b": 3, "c": [9], "d": 4}, [1, 2, [], 4],
        "Sub(a=7, c=[7], d=4, e=5)", [7], "FrozenInstanceError", "TypeError", "TypeError", "TypeError",
        "TypeError", {"a": 8, "b": 3, "c": [9], "d": 4}, "TypeError", ["a", "b", "c", "d", "e"], True,
        "Own(_hidden=3)", True, 2, {"n": 2, "twice": 4}, "TypeError",
    ]  # fmt: skip
