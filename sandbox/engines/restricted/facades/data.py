"""The modules for numbers, dates, hashes and collections. Most members are the real ones."""

from __future__ import annotations

import base64
import bisect
import calendar
import collections
import collections.abc
import datetime as dt
import decimal
import functools
import hashlib
import heapq
import hmac
import io
import itertools
import math
import operator
import random
import secrets
import statistics
import time
import types
import uuid
import weakref
import zoneinfo
from typing import Any, Final

from sandbox.engines.restricted import kinds
from sandbox.engines.restricted.formatting import exact
from sandbox.limits import MAX_ZONES
from sandbox.sdk.port import CapabilityError
from sandbox.sdk.run import RUN


def pick(module: Any, names: str) -> dict[str, Any]:
    """These members of the real module, and no others.

    The real members are safe for two reasons. Members in C call methods of the user's objects by
    slots, and check their own `self`. Members in Python read only attributes that their source
    names, never one that the caller names, and pass nothing but values to the user's methods. A
    member that does otherwise is written anew below. `tests/sandbox/walk.py` calls every member to
    check this.

    Args:
        module: the real module.
        names: the members' names, with blanks between them; names that this version of Python does
            not have are left out.
    """
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


_namedtuple_of_python: Any = collections.namedtuple  # noqa: PYI024 - the fields are the user's


def _namedtuple(typename: str, field_names: Any, *, defaults: Any = None) -> type:
    names = exact(field_names)
    if not isinstance(names, str):
        names = [exact(name) for name in names]
    kind = _namedtuple_of_python(exact(typename), names, defaults=defaults)
    return kinds.adopt(kind, by_library=True)


# functools: the real functions take any object as a class or function, and read and set its
# attributes.


WRAPPED: Final[weakref.WeakKeyDictionary[Any, Any]] = weakref.WeakKeyDictionary()
"""The wrappers that functools.wraps() has made, each with the function that it wraps."""


def _wraps(function: Any, **_: Any) -> Any:
    # The real one copies attributes of the function to the wrapper. User code cannot read them
    # anyway: the wrapped function is only needed to count a handler's parameters.
    def decorate(wrapper: Any) -> Any:
        if type(wrapper) is types.FunctionType:
            WRAPPED[wrapper] = function
        return wrapper

    return decorate


def _total_ordering(cls: Any) -> Any:
    if not kinds.is_user_class(cls):
        raise TypeError("total_ordering() takes a class of yours")
    return functools.total_ordering(cls)


def _lru_cache(maxsize: Any = 128, typed: Any = False) -> Any:  # noqa: FBT002 - its own signature
    if callable(maxsize):  # lru_cache without parentheses
        return _cached(maxsize, 128, typed=False)
    return lambda function: _cached(function, maxsize, typed=bool(typed))


def _cache(function: Any) -> Any:
    return _cached(function, None, typed=False)


def _cached(function: Any, maxsize: Any, *, typed: bool) -> Any:
    # The real one copies every attribute of what it wraps into the result.
    target = function if type(function) is types.FunctionType else functools.partial(function)
    wrapper = functools.lru_cache(maxsize, typed)(target)
    vars(wrapper).clear()
    return wrapper


_ALGORITHMS: Final = "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512"


class _Hash:
    """hashlib.new, for the listed algorithms only."""

    NAMES = frozenset(_ALGORITHMS.split())

    @classmethod
    def new(cls, name: str, data: bytes = b"") -> Any:
        """A hash object of this algorithm.

        Raises:
            ValueError: the algorithm is not listed.
        """
        if type(name) is not str or name not in cls.NAMES:  # another type could equal them all
            raise ValueError(f"unsupported hash type; there are {', '.join(sorted(cls.NAMES))}")
        return hashlib.new(name, data)


# Workers are forked from one zygote, and with it they get its random state. So each worker seeds
# this again (`reseed`), to draw numbers of its own.
_random = random.Random()  # noqa: S311 - user code's own dice


def reseed() -> None:
    """Seed the random numbers of this worker from the kernel."""
    _random.seed()


class _Clock:
    """time.sleep, within the event's deadline.

    Attributes:
        deadline_s: when the event must have ended, by time.monotonic(); the worker sets it for each
            event.
        on_overrun: called when a sleep would pass the deadline; None before the first event.
    """

    def __init__(self) -> None:
        self.deadline_s = 0.0
        self.on_overrun: Any = None

    def sleep(self, seconds: Any) -> None:
        """Wait. If the wait would pass the deadline, the run ends as timed out, at once.

        Raises:
            ValueError: `seconds` is no number, or below zero.
        """
        length_s = float(seconds) if isinstance(seconds, int | float) else math.nan
        if not length_s >= 0:
            raise ValueError("sleep needs a number of seconds, zero or more")
        if self.on_overrun is not None and time.monotonic() + length_s > self.deadline_s:
            self.on_overrun()
        time.sleep(length_s)  # noqa: TID251 - this is user code's own wait, bounded above


CLOCK: Final = _Clock()


def _strptime(text: str, fmt: str) -> Any:
    return time.strptime(exact(text), exact(fmt))


def _hmac_new(key: bytes, msg: bytes | None = None, digestmod: Any = "") -> Any:
    # Only a name or a constructor of hashlib: the real function would call any other object, and
    # read its attributes.
    if type(digestmod) is not str and not any(digestmod is each for each in _CONSTRUCTORS):
        raise TypeError("digestmod is a name such as 'sha256', or hashlib's function of that name")
    return hmac.new(key, msg, digestmod)


_CONSTRUCTORS: Final = [getattr(hashlib, n) for n in [*_ALGORITHMS.split(), "blake2b", "blake2s"]]


@functools.lru_cache(maxsize=64)
def _zone(key: str) -> zoneinfo.ZoneInfo:
    # A worker can open no files, so the parent reads the zone's table.
    RUN.spend("zone", MAX_ZONES)
    try:
        table = base64.b64decode(RUN.port.call("zone", key=key))
    except CapabilityError as problem:
        raise zoneinfo.ZoneInfoNotFoundError(str(problem)) from None
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(table), key=key)


def _zone_info(key: str) -> zoneinfo.ZoneInfo:
    """The time zone with this name, such as `Europe/Paris`."""
    if type(key) is not str:
        raise TypeError("a time zone's name is text")
    if not key.isascii():
        raise ValueError("there is no time zone of that name")
    return _zone(key)


_RANDOM: Final = (
    "random uniform randint randrange choice choices shuffle sample gauss normalvariate "
    "expovariate triangular betavariate randbytes"
)

MODULES: Final[dict[str, dict[str, Any]]] = {
    "math": pick(
        math,
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e "
        "erf erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose "
        "isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan perm pi pow "
        "prod radians remainder sin sinh sqrt tan tanh tau trunc",
    ),
    "datetime": pick(dt, "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo"),
    "time": pick(time, "monotonic perf_counter time time_ns strftime gmtime localtime mktime")
    | {"sleep": CLOCK.sleep, "strptime": _strptime},
    "calendar": pick(calendar, "isleap leapdays monthrange weekday monthcalendar timegm")
    | {
        name: tuple(getattr(calendar, name))
        for name in ("month_name", "month_abbr", "day_name", "day_abbr")
    }
    | {
        day: index
        for index, day in enumerate(
            ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
        )
    },
    "zoneinfo": {
        "ZoneInfo": _zone_info,
        "ZoneInfoNotFoundError": zoneinfo.ZoneInfoNotFoundError,
    },
    "decimal": pick(
        decimal,
        "Decimal DecimalException InvalidOperation DivisionByZero Inexact Overflow Rounded "
        "ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP "
        "ROUND_UP ROUND_05UP",
    ),
    "random": {name: getattr(_random, name) for name in _RANDOM.split()}
    | {"Random": random.Random},
    "secrets": pick(
        secrets, "choice compare_digest randbelow randbits token_bytes token_hex token_urlsafe"
    ),
    "statistics": pick(
        statistics,
        "StatisticsError NormalDist correlation covariance fmean geometric_mean harmonic_mean "
        "linear_regression mean median median_grouped median_high median_low mode multimode "
        "pstdev pvariance quantiles stdev variance",
    ),
    "hashlib": pick(
        hashlib,
        "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s "
        "pbkdf2_hmac",
    )
    | {"new": _Hash.new},
    "hmac": pick(hmac, "compare_digest digest") | {"new": _hmac_new},
    "base64": pick(
        base64,
        "b16decode b16encode b32decode b32encode b64decode b64encode b85decode b85encode "
        "standard_b64decode standard_b64encode urlsafe_b64decode urlsafe_b64encode",
    ),
    "uuid": pick(
        uuid, "UUID uuid3 uuid4 uuid5 NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500"
    ),
    "collections": pick(collections, "ChainMap Counter OrderedDict defaultdict deque")
    | {"namedtuple": _namedtuple},
    "collections.abc": pick(
        collections.abc,
        "Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView "
        "Mapping MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized "
        "ValuesView",
    ),
    "itertools": pick(
        itertools,
        "accumulate batched chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap "
        "takewhile tee zip_longest",
    ),
    "functools": pick(functools, "cached_property cmp_to_key partial reduce")
    | {
        "cache": _cache,
        "lru_cache": _lru_cache,
        "total_ordering": _total_ordering,
        "wraps": _wraps,
    },
    "operator": pick(
        operator,
        "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert "
        "is_ is_not itemgetter le lshift lt matmul mod mul ne neg not_ or_ pos pow rshift sub "
        "truediv truth xor",
    ),
    "bisect": pick(bisect, "bisect bisect_left bisect_right insort insort_left insort_right"),
    "heapq": pick(
        heapq, "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest"
    ),
}
