"""Every module of the allow-list does its ordinary work in the jail, where nothing can be loaded."""
# ruff: noqa: E501, ISC004 - programs are clearest on a line each

from typing import Any

import pytest

from sandbox.engines.restricted.facades import MODULES
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

USES: dict[str, tuple[str, Any]] = {
    "json": (
        "json.loads(json.dumps({'a': [1, None, 'ä']}, sort_keys=True, indent=1, default=str))",
        {"a": [1, None, "ä"]},
    ),
    "math": (
        "[math.ceil(1.2), round(math.sqrt(2), 3), math.isclose(0.1 + 0.2, 0.3), math.prod([2, 3])]",
        [2, 1.414, True, 6],
    ),
    "datetime": (
        "[datetime.datetime(2026, 1, 31, 5, tzinfo=datetime.timezone.utc).strftime('%Y-%m-%dT%H %A %B'), "
        "(datetime.date(2026, 3, 1) - datetime.timedelta(days=1)).isoformat(), "
        "datetime.datetime.strptime('02/03/2026', '%d/%m/%Y').date().isoformat(), "
        "datetime.datetime.fromisoformat('2026-01-01T00:00:00+02:00').astimezone(datetime.UTC).hour, "
        "datetime.datetime.now(datetime.timezone.utc).year >= 2024, datetime.datetime.min.year, "
        "datetime.date(2026, 1, 1).isocalendar().week]",
        ["2026-01-31T05 Saturday January", "2026-02-28", "2026-03-02", 22, True, 1, 1],
    ),
    "time": (
        "[time.time() > 1, time.strftime('%Y', time.gmtime(0)), time.strptime('2020', '%Y').tm_year, time.monotonic() >= 0, time.sleep(0.001)]",
        [True, "1970", 2020, True, None],
    ),
    "zoneinfo": ("str(zoneinfo.ZoneInfo('Europe/Paris'))", "Europe/Paris"),
    "calendar": (
        "[calendar.monthrange(2024, 2)[1], calendar.isleap(2024), calendar.month_name[1], calendar.MONDAY]",
        [29, True, "January", 0],
    ),
    "decimal": (
        "[str(decimal.Decimal('2.675').quantize(decimal.Decimal('0.01'), rounding=decimal.ROUND_HALF_UP)), str(decimal.Decimal(1) / 3)[:6]]",
        ["2.68", "0.3333"],
    ),
    "random": (
        "[0 <= random.random() < 1, random.Random(1).randint(1, 9) == random.Random(1).randint(1, 9), len(random.sample(range(9), 3))]",
        [True, True, 3],
    ),
    "secrets": (
        "[len(secrets.token_hex(4)), secrets.compare_digest('a', 'a'), secrets.randbelow(1)]",
        [8, True, 0],
    ),
    "statistics": (
        "[statistics.mean([1, 2, 3]), statistics.median([1, 9, 2]), round(statistics.stdev([1, 2, 3]), 2), statistics.quantiles([1, 2, 3, 4], n=4)[1], statistics.linear_regression([1, 2], [2, 4]).slope]",
        [2, 2, 1.0, 2.5, 2.0],
    ),
    "hashlib": (
        "[hashlib.sha256(b'a').hexdigest()[:8], hashlib.md5(b'a').hexdigest()[:4], hashlib.new('sha1', b'').hexdigest()[:4], hashlib.blake2b(b'').digest_size, len(hashlib.pbkdf2_hmac('sha256', b'a', b'b', 1)), hashlib.sha3_256(b'').hexdigest()[:4]]",
        ["ca978112", "0cc1", "da39", 64, 32, "a7ff"],
    ),
    "hmac": ("hmac.new(b'k', b'm', 'sha256').hexdigest()[:8]", "b60090e3"),
    "base64": (
        "[base64.b64encode(b'hi').decode(), base64.urlsafe_b64decode('aGk=').decode(), base64.b32encode(b'a').decode()]",
        ["aGk=", "hi", "ME======"],
    ),
    "uuid": (
        "[len(str(uuid.uuid4())), str(uuid.uuid5(uuid.NAMESPACE_DNS, 'a'))[:8], uuid.UUID(int=1).hex[-1]]",
        [36, "4f3f2898", "1"],
    ),
    "re": (
        "[re.sub(r'(?P<a>\\d+)', lambda m: m.group('a') * 2, 'x1'), re.findall('a.', 'abac', re.I), bool(re.compile('^a').match('a')), re.split(',', 'a,b'), re.escape('.')]",
        ["x11", ["ab", "ac"], True, ["a", "b"], "\\."],
    ),
    "string": ("[string.ascii_lowercase[:3], string.capwords('a b')]", ["abc", "A B"]),
    "collections": (
        "[dict(collections.Counter('aab').most_common(1)), collections.OrderedDict(a=1), list(collections.deque([1, 2], maxlen=1)), collections.ChainMap({'a': 1}, {'b': 2})['b']]",
        [{"a": 2}, {"a": 1}, [2], 2],
    ),
    "collections.abc": (
        "[isinstance({}, collections.abc.Mapping), isinstance([], collections.abc.Sequence)]",
        [True, True],
    ),
    "itertools": (
        "[list(itertools.chain.from_iterable([[1], [2]])), [list(g) for _, g in itertools.groupby('aab')], list(itertools.islice(itertools.count(), 2)), list(itertools.pairwise([1, 2, 3]))]",
        [[1, 2], [["a", "a"], ["b"]], [0, 1], [[1, 2], [2, 3]]],
    ),
    "functools": (
        "[functools.reduce(lambda a, b: a + b, [1, 2]), sorted([3, 1], key=functools.cmp_to_key(lambda a, b: a - b))]",
        [3, [1, 3]],
    ),
    "operator": ("[operator.itemgetter('a')({'a': 1}), operator.add(1, 2)]", [1, 3]),
    "bisect": ("bisect.bisect_left([1, 3, 5], 3)", 1),
    "heapq": ("[heapq.nlargest(2, [1, 3, 2]), heapq.nsmallest(1, [2, 1])]", [[3, 2], [1]]),
    "textwrap": (
        "[textwrap.shorten('hello big world', 11), textwrap.dedent('  a')]",
        ["hello [...]", "a"],
    ),
    "html": ("[html.escape('<a>'), html.unescape('&amp;')]", ["&lt;a&gt;", "&"]),
    "unicodedata": ("unicodedata.normalize('NFKD', 'é').encode('ascii', 'ignore').decode()", "e"),
    "difflib": (
        "[difflib.get_close_matches('appel', ['apple', 'x']), difflib.SequenceMatcher(None, 'a', 'a').ratio()]",
        [["apple"], 1.0],
    ),
    "csv": (
        "[list(csv.reader(['a,b'])), list(csv.DictReader('h,i\\n1,2'.split('\\n')))]",
        [[["a", "b"]], [{"h": "1", "i": "2"}]],
    ),
    "io": (
        "[x for b in [io.StringIO()] for w in [csv.writer(b)] for _ in [w.writerow([1, 'a,b'])] for x in [b.getvalue()]][0]",
        '1,"a,b"\r\n',
    ),
    "urllib": ("urllib.parse.quote('a b')", "a%20b"),
    "urllib.parse": (
        "[urllib.parse.parse_qs('a=1&a=2'), urllib.parse.urlsplit('https://h:1/p?q#f').hostname, urllib.parse.urlencode({'a': 'ä'}), urllib.parse.urljoin('https://a/b/', 'c'), urllib.parse.urlparse('https://a/x')._replace(path='/y').geturl()]",
        [{"a": ["1", "2"]}, "h", "a=%C3%A4", "https://a/b/c", "https://a/y"],
    ),
    "copy": ("[copy.copy([1]), copy.deepcopy({'a': [1]})]", [[1], {"a": [1]}]),
    "enum": ("enum.auto is not None", True),
    "dataclasses": ("dataclasses.is_dataclass(1)", False),
    "typing": ("typing.cast(int, 1) if not typing.TYPE_CHECKING else 0", 1),
    "requests": ("issubclass(requests.HTTPError, requests.RequestException)", True),
    "requests.exceptions": (
        "issubclass(requests.exceptions.Timeout, requests.RequestException)",
        True,
    ),
    "requests.adapters": ("str(requests.adapters.HTTPAdapter)[:6]", "<class"),
    "requests.api": ("requests.api.get is requests.get", True),
    "requests.auth": ("requests.auth.HTTPBasicAuth('u', 'p').username", "u"),
    "requests.compat": ("requests.compat.urljoin('http://a/b', 'c')", "http://a/c"),
    "requests.cookies": ("requests.cookies.cookiejar_from_dict({'a': 'b'}).get_dict()", {"a": "b"}),
    "requests.models": (
        "requests.models.Request('GET', 'https://exämple.com/ä b', params={'q': 1}).prepare().url",
        "https://xn--exmple-cua.com/%C3%A4%20b?q=1",
    ),
    "requests.sessions": ("requests.sessions.Session().headers['accept']", "*/*"),
    "requests.status_codes": ("requests.status_codes.codes.created", 201),
    "requests.structures": ("requests.structures.CaseInsensitiveDict(A=1)['a']", 1),
    "requests.utils": ("requests.utils.quote('a b')", "a%20b"),
    "penstock": ("issubclass(penstock.RetryError, Exception)", True),
}


def _value(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


def test_every_module_of_the_list_has_a_use_here() -> None:
    """A module without one may have stopped working in the jail unnoticed."""
    assert set(USES) == set(MODULES)


@pytest.mark.parametrize("name", USES)
def test_module_does_its_ordinary_work(box: Sandbox, name: str) -> None:
    """In the worker no file can be opened: what is loaded late fails there and only there."""
    expression, expected = USES[name]
    source = f"import {name}, csv\nimport {name.partition('.')[0]}\ndef handler(event):\n    return {expression}\n"
    result = _value(box, source)
    assert result["output"] == expected, result


def test_time_zones_are_read_by_the_parent(box: Sandbox) -> None:
    """The worker has no files, and a summer evening in Paris is two hours ahead."""
    source = (
        "from datetime import datetime, timezone\nfrom zoneinfo import ZoneInfo, ZoneInfoNotFoundError\n"
        "def handler(event):\n"
        "    at = datetime(2026, 7, 1, 12, tzinfo=timezone.utc).astimezone(ZoneInfo('Europe/Paris'))\n"
        "    try:\n        ZoneInfo('../../etc/passwd')\n    except ZoneInfoNotFoundError:\n"
        "        return [at.hour, at.tzname(), at.isoformat()]\n"
    )
    assert _value(box, source)["output"] == [14, "CEST", "2026-07-01T14:00:00+02:00"]


def test_prints_go_to_the_log_and_a_flood_is_cut(box: Sandbox) -> None:
    """A function that prints a megabyte must neither fail nor fill the store."""
    source = "def handler(event):\n    for n in range(2000):\n        print('x' * 1000, n)\n    return 1\n"
    result = _value(box, source)
    assert result["output"] == 1
    assert sum(len(entry["message"]) for entry in result["logs"]) < 70_000
    assert result["logs"][-1]["cut"] is True
