"""A program of hostile values, in the language itself: whatever user code could hand to us."""
# ruff: noqa: E501 - programs are clearest on a line each

from sandbox.engines.restricted import attributes
from sandbox.engines.restricted.names import DUNDER_METHODS
from tests.sandbox.zoo_programs import PROGRAMS

_NAMES = sorted({name for names in attributes.INSTANCE.values() for name in names} | {"groupindex"})
_SETTABLE = sorted({name for names in attributes.SETTABLE.values() for name in names})
_RAW = (
    "translate delimiter lineterminator quotechar quoting flush isatty default args func keywords "
    "node obj alias qualname"
)
_METHODS = sorted({*_NAMES, *_RAW.split()})
# What Python asks for more often than a walk can bear, and what must be of a certain type.
_TYPED = {
    "__init__": "pass",
    "__post_init__": "pass",
    "__repr__": "return 'repr'",
    "__str__": "return 'str'",
    "__format__": "return 'format'",
    "__bytes__": "return b'bytes'",
    "__bool__": "return True",
    "__hash__": "return 1",
    "__len__": "return 2",
    "__iter__": "return iter([1, 2])",
    "__next__": "raise StopIteration",
    "__reversed__": "return iter([2, 1])",
    "__contains__": "return True",
    "__int__": "return 3",
    "__float__": "return 1.5",
    "__index__": "return 3",
    "__eq__": "return True",
}


def _mixin(name: str, *, gives: str, leave_out: frozenset[str] = frozenset()) -> str:
    """A class that keeps what its methods are given, and answers with `gives`."""
    lines = [f"class {name}:"]
    for dunder in sorted(DUNDER_METHODS - leave_out - {"__init__", "__post_init__"}):
        body = _TYPED.get(dunder, f"return {gives}")
        lines.append(f"    def {dunder}(self, *args, **more):")
        lines.append(f"        got(args, more)\n        {body}")
    lines.append(f"""
def answer(self, *args, **more):
    got(args, more)
    return {gives}
for method in METHODS:
    setattr({name}, method, answer)
""")
    return "\n".join(lines)


_OF_CONTAINERS = frozenset({"__iter__", "__len__", "__hash__", "__eq__", "__next__", "__call__"})
_HEAD = (
    """
import base64, bisect, calendar, collections, copy, csv, dataclasses, datetime, decimal, difflib
import enum, functools, hashlib, heapq, hmac, html, io, itertools, json, math, operator, penstock
import random, re, requests, requests.auth, requests.cookies, requests.structures, secrets, statistics, string, textwrap, time, typing, unicodedata
import urllib.parse, uuid, zoneinfo

GOT = []
METHODS = """
    + repr(_METHODS)
    + """
NAMES = """
    + repr(_NAMES)
    + """

def got(args, more):
    if len(GOT) < 400:
        GOT.extend(args)
        GOT.extend(more.values())

def call(function, args, more):
    return function(*args, **more)
"""
)
_TAIL = """
class Text(Part, str):
    pass
class Texts(Parts, str):
    pass
class Dict(Part, dict):
    pass
class List(Part, list):
    pass
class Set(Part, set):
    pass
class Tuple(Part, tuple):
    pass
class Int(Any, int):
    pass
class Float(Any, float):
    pass
class Own:
    kept = [1]
    def __init__(self, *args):
        self.args = args
    def method(self, *args):
        got(args, {})
        return self
    @property
    def prop(self):
        return 1
    @staticmethod
    def static(*args):
        return args
    @classmethod
    def of(cls, *args):
        return cls
class Child(Own):
    def above(self):
        return [super().method, super().__repr__, super().__init__, super().__eq__]
class Raises:
    @property
    def keys(self):
        raise ValueError("keys")
    @property
    def items(self):
        raise AttributeError("items")
    @property
    def name(self):
        raise KeyError("name")
    def __len__(self):
        raise OverflowError("len")
    def __iter__(self):
        yield 1
        raise RuntimeError("iter")
    def __index__(self):
        raise MemoryError("index")
    def __str__(self):
        raise RecursionError("str")
    def __hash__(self):
        raise TypeError("hash")
    def __eq__(self, other):
        got([other], {})
        raise ValueError("eq")
class Broken(Exception):
    pass
class Net(requests.RequestException):
    pass
class Again(penstock.RetryError):
    pass
class Color(enum.Enum):
    RED = 1
    BLUE = "b"
class Level(enum.IntEnum):
    LOW = 1
class Kind(enum.StrEnum):
    A = enum.auto()
class Plan(enum.Enum):
    FREE = ("free", 0)
    def __init__(self, label, price):
        self.label = label
        self.price = price
@dataclasses.dataclass
class Row:
    a: object
    mro: object = 5
@dataclasses.dataclass(frozen=True, order=True)
class Frozen:
    a: object
    b: object = dataclasses.field(default=2, metadata={"m": 1})
@dataclasses.dataclass
class RowError(Exception):
    code: object = 1
@dataclasses.dataclass(init=False)
class RowText(str):
    a: object = 1
@dataclasses.dataclass
class RowChild(Row):
    c: object = dataclasses.field(default_factory=list)
class Point(typing.NamedTuple):
    x: object
    y: object = 2
    def total(self):
        return self.x
class Bag(collections.Counter):
    pass
class Lazy:
    @functools.cached_property
    def v(self):
        return 42
    @functools.lru_cache
    def cached(self, *args):
        return args
class Enters:
    def __enter__(self):
        return self
    def __exit__(self, *args):
        got(args, {})
        return True
class Fallback(collections.defaultdict):
    pass
class Ordered(collections.OrderedDict):
    pass
Pair = collections.namedtuple("Pair", "left count")

def generate():
    sent = yield 1
    got([sent], {})
    yield 2

CLASSES = [Own, Child, Raises, Broken, Net, Again, Color, Level, Kind, Plan, Row, Frozen, RowError,
           RowText, RowChild, Point, Pair, Bag, Lazy, Enters, Fallback, Ordered, Text, Texts, Dict,
           List, Int, Float, Tuple, Any, Set]

def instances():
    return [Own(1), Child(2), Raises(), Broken("x"), Net("x"), Again("x"), Color.RED, Level.LOW,
            Kind.A, Plan.FREE, Row(1), Frozen(1), RowError(), RowText("x"), RowChild(1), Point(1),
            Pair(1, 2), Bag("aab"), Lazy(), Enters(), Fallback(list), Ordered(a=1), Text("ab c"),
            Texts("%Y a"), Dict(a=1), List([1, 2]), Int(3), Float(1.5), Tuple((1, 2)), Any(),
            Set([1, 2])]

def plain():
    return [None, True, 0, 1, -1, 3, 1.5, float("nan"), 1j, "", "a", "a b&c", "%Y", "sha256",
            "{0}", "[a", "https://u:p@h.example:1/p?q=1#f", b"", b"YWI=", [], [1, 2], ["a", "b"],
            [[1, 2]], {}, {"a": 1}, {1: "b"}, (), (1, 2), ("a",), {1, 2}, frozenset([1]), range(3),
            slice(0, 2), iter([1, 2]), generate(), zip("ab", [1, 2]), {"a": 1}.items(),
            {"a": 1}.keys(), collections.deque([1, 2]), collections.Counter("ab"),
            collections.OrderedDict(a=1), collections.defaultdict(list), collections.ChainMap({}),
            (lambda *a, **k: a), got, generate, Own(1).method, Own.method, Own.static,
            functools.partial(got), functools.lru_cache(got), property(got), staticmethod(got),
            super(Child, Child(1)), super(Child, Child), NotImplemented, ...]

def shown(context):
    made = [re.compile("(?P<a>x)(y)?"), re.match("(?P<a>x)", "x"), datetime.date(2026, 1, 2),
            datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(1),
            datetime.time(1), datetime.timezone.utc, decimal.Decimal("1.5"), uuid.UUID(int=1),
            hashlib.sha256(b"a"), hmac.new(b"k", b"m", "sha256"), io.StringIO("a\\nb"),
            random.Random(1), urllib.parse.urlsplit("https://a/b?c"), statistics.NormalDist(0, 1),
            urllib.parse.urlparse("https://a/b"), urllib.parse.urldefrag("https://a#b"),
            difflib.SequenceMatcher(None, "ab", "bc"), csv.reader(["a,b"]), csv.writer(io.StringIO()),
            csv.DictReader(["a,b", "1,2"]), csv.DictWriter(io.StringIO(), ["a"]),
            time.gmtime(0), dataclasses.field(default=1), dataclasses.fields(Row)[0],
            functools.lru_cache(got).cache_info(), decimal.Decimal(1).as_tuple(),
            difflib.SequenceMatcher(None, "a", "a").find_longest_match(0, 1, 0, 1),
            statistics.linear_regression([1, 2], [1, 2]), zoneinfo.ZoneInfo("UTC"), datetime.date(2026, 1, 2).isocalendar(),
            heapq.merge([1], [2]), difflib.ndiff(["a"], ["b"]), itertools.chain([1], [2]),
            ValueError("x"), KeyError("k"), StopIteration(1), OSError(2, "no", "f"),
            SyntaxError("m", ("f", 1, 2, "t")), UnicodeDecodeError("utf-8", b"x", 0, 1, "r"),
            json.JSONDecodeError("m", "doc", 1), requests.HTTPError("x"), penstock.RetryError("x"),
            zoneinfo.ZoneInfoNotFoundError("x")]
    asked = requests.Request("POST", "https://a.example/?b=c", headers={"d": "e"}, json={"f": 1})
    answer = requests.get("https://a.example/")
    made += [asked, asked.prepare(), answer, requests.Response(), requests.Session(), answer.headers,
             answer.cookies, list(answer.cookies)[0], requests.HTTPError("x", response=answer),
             context.http.get("https://a.example/"), requests.auth.HTTPBasicAuth("a", "b"),
             requests.structures.CaseInsensitiveDict({"a": "b"}), requests.cookies.RequestsCookieJar(),
             requests.cookies.create_cookie("a", "b"), answer.iter_lines(), answer.iter_content(1)]
    values = [requests.codes, context, context.log, context.http, context.profile, context.http.get, len, print,
              json, math, json.dumps, re.I, typing.Any, typing.NamedTuple, enum.auto(), enum.Enum,
              int, str, dict, type, object, super, isinstance, Exception, UnicodeDecodeError,
              collections.Counter, collections.abc.Mapping, datetime.datetime, dataclasses.dataclass,
              requests.HTTPError, list[int], int | str, operator.itemgetter(0), uuid.NAMESPACE_DNS]
    return made + values

def arguments(context):
    return plain() + instances() + CLASSES + shown(context)

def handler(event):
    return None
"""

SOURCE = "\n".join(
    [
        _HEAD,
        _mixin("Any", gives="self"),
        _mixin("Part", gives="self", leave_out=_OF_CONTAINERS),
        _mixin("Parts", gives="[self]", leave_out=_OF_CONTAINERS),
        _TAIL,
        PROGRAMS,
    ]
)
"""Defines `call`, `GOT`, `CLASSES`, `PROGRAMS`, `instances()` and `arguments(context)`."""
