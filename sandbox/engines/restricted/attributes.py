"""Which attributes user code may read, by exact type. All others do not exist for user code."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import difflib
import enum
import functools
import hashlib
import hmac
import io
import itertools
import random
import re
import statistics
import types
import urllib.parse
import uuid
import zoneinfo
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DICT: Final = "clear copy get items keys pop popitem setdefault update values"
_LIST: Final = "append clear copy count extend index insert pop remove reverse sort"
_SET_READ: Final = (
    "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"
)
_INT: Final = (
    "as_integer_ratio bit_count bit_length conjugate denominator imag numerator real to_bytes"
)
_TEXT: Final = (
    "capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit "
    "islower isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix "
    "replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip "
    "swapcase title translate upper zfill"
)
_STR: Final = _TEXT + " casefold encode isdecimal isidentifier isnumeric isprintable"
_DATE: Final = (
    "ctime day isocalendar isoformat isoweekday month replace strftime timetuple toordinal"
)
_TIME: Final = (
    "dst fold hour isoformat microsecond minute replace second strftime tzinfo tzname utcoffset"
)
_HASH: Final = "block_size copy digest digest_size hexdigest name update"
_URL: Final = "fragment geturl hostname netloc password path port query scheme username"

INSTANCE: Final[dict[type, frozenset[str]]] = {
    str: _names(_STR),
    bytes: _names(_TEXT + " decode hex"),
    list: _names(_LIST),
    dict: _names(_DICT),
    tuple: _names("count index"),
    set: _names(
        _SET_READ
        + " add clear difference_update discard intersection_update pop remove"
        + " symmetric_difference_update update"
    ),
    frozenset: _names(_SET_READ),
    int: _names(_INT),
    bool: _names(_INT),
    float: _names("as_integer_ratio conjugate fromhex hex imag is_integer real"),
    complex: _names("conjugate imag real"),
    range: _names("count index start step stop"),
    slice: _names("indices start step stop"),
    property: _names("deleter getter setter"),
    types.GeneratorType: _names("close send throw"),
    type({}.keys()): _names("isdisjoint"),
    type({}.items()): _names("isdisjoint"),
    deque: _names(
        "append appendleft clear copy count extend extendleft index insert maxlen pop popleft "
        "remove reverse rotate"
    ),
    defaultdict: _names(_DICT + " default_factory"),
    OrderedDict: _names(_DICT + " move_to_end"),
    Counter: _names(_DICT + " elements most_common subtract total"),
    ChainMap: _names("get items keys maps new_child parents pop popitem values"),
    functools.partial: _names(""),
    type(functools.lru_cache(lambda: None)): _names("cache_clear cache_info"),
    type(functools.lru_cache(lambda: None).cache_info()): _names("currsize hits maxsize misses"),
    dt.date: _names(_DATE + " weekday year"),
    dt.datetime: _names(
        _DATE + " " + _TIME + " astimezone date time timestamp timetz utctimetuple weekday year"
    ),
    dt.time: _names(_TIME),
    dt.timedelta: _names("days microseconds seconds total_seconds"),
    dt.timezone: _names("dst fromutc tzname utcoffset"),
    type(dt.date(2000, 1, 1).isocalendar()): _names("week weekday year"),
    type(dt.date(2000, 1, 1).timetuple()): _names(
        "tm_gmtoff tm_hour tm_isdst tm_mday tm_min tm_mon tm_sec tm_wday tm_yday tm_year tm_zone"
    ),
    zoneinfo.ZoneInfo: _names("dst fromutc key tzname utcoffset"),
    decimal.Decimal: _names(
        "adjusted as_integer_ratio as_tuple canonical compare compare_total conjugate copy_abs "
        "copy_negate copy_sign exp fma imag is_finite is_infinite is_nan is_normal is_qnan "
        "is_signed is_snan is_subnormal is_zero ln log10 logb max min next_minus next_plus "
        "normalize number_class quantize real remainder_near rotate same_quantum scaleb shift "
        "sqrt to_eng_string to_integral_exact to_integral_value"
    ),
    decimal.DecimalTuple: _names("digits exponent sign"),
    re.Pattern: _names(
        "findall finditer flags fullmatch groups match pattern search split sub subn"
    ),
    re.Match: _names(
        "end endpos expand group groupdict groups lastgroup lastindex pos re span start string"
    ),
    uuid.UUID: _names("bytes fields hex int time urn variant version"),
    hmac.HMAC: _names(_HASH),
    urllib.parse.ParseResult: _names(_URL + " params _replace _asdict"),
    urllib.parse.SplitResult: _names(_URL + " _replace _asdict"),
    urllib.parse.DefragResult: _names("fragment geturl url"),
    random.Random: _names(
        "betavariate choice choices expovariate gauss normalvariate randbytes randint random "
        "randrange sample seed shuffle triangular uniform"
    ),
    statistics.NormalDist: _names(
        "cdf inv_cdf mean median mode overlap pdf quantiles samples stdev variance zscore"
    ),
    type(statistics.linear_regression([1, 2], [1, 2])): _names("intercept slope"),
    difflib.SequenceMatcher: _names(
        "find_longest_match get_matching_blocks get_opcodes quick_ratio ratio real_quick_ratio "
        "set_seq1 set_seq2 set_seqs"
    ),
    difflib.Match: _names("a b size"),
    io.StringIO: _names("getvalue read readline readlines seek tell truncate write writelines"),
    type(csv.reader([])): _names("line_num"),
    type(csv.writer(io.StringIO())): _names("writerow writerows"),
    csv.DictReader: _names("fieldnames line_num"),
    csv.DictWriter: _names("fieldnames writeheader writerow writerows"),
    itertools.chain: _names(""),
}
for _algorithm in ("sha256", "md5", "sha3_256", "blake2b", "blake2s"):
    INSTANCE[type(hashlib.new(_algorithm))] = _names(_HASH)

CLASS: Final[dict[type, frozenset[str]]] = {
    str: _names(_STR + " maketrans"),
    bytes: _names(_TEXT + " decode fromhex maketrans hex"),
    int: _names("from_bytes bit_length bit_count"),
    float: _names("fromhex is_integer"),
    dict: _names("fromkeys get items keys values"),
    list: _names("append"),
    set: _names("union intersection"),
    frozenset: _names("union intersection"),
    OrderedDict: _names("fromkeys"),
    dt.date: _names("fromisocalendar fromisoformat fromordinal fromtimestamp max min today"),
    dt.datetime: _names(
        "combine fromisocalendar fromisoformat fromordinal fromtimestamp max min now strptime "
        "today utcfromtimestamp utcnow"
    ),
    dt.time: _names("fromisoformat max min"),
    dt.timedelta: _names("max min resolution"),
    dt.timezone: _names("max min utc"),
    itertools.chain: _names("from_iterable"),
    decimal.Decimal: _names("from_float"),
    statistics.NormalDist: _names("from_samples"),
}

ERROR: Final = _names(
    "add_note args code colno doc end errno headers lineno msg pos reason request response "
    "start status strerror value"
)
"""Attributes of every exception that user code may read. They are values: `obj`, `path` and the
traceback are left out, because they hand out objects."""

SETTABLE: Final[dict[type, frozenset[str]]] = {}
"""The types of ours whose items user code may set, each with the attributes that it may set. All
other objects of ours are read only."""

_MEMBER: Final = _names("name value")


def denied_of_bases(bases: list[type]) -> frozenset[str]:
    """The names that a class of the user's, made from these built-in bases, must not show."""
    public_names: set[str] = set()
    allowed_names: set[str] = set()
    for base in bases:
        public_names.update(name for name in dir(base) if name[:2] != "__" and name[-1:] != "_")
        allowed_names |= INSTANCE.get(base, frozenset()) | CLASS.get(base, frozenset())
        if issubclass(base, BaseException):
            allowed_names |= ERROR
        if issubclass(base, enum.Enum):
            allowed_names |= _MEMBER
    return frozenset(public_names - allowed_names)
