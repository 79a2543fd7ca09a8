"""Uses libraries at build time, so that they have compiled their patterns and filled their tables.

Each worker starts with the memory that the build leaves. Without this, the first event of every
worker would spend milliseconds on patterns.
"""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import decimal
import email.message
import email.utils
import html.parser
import io
import json
import re
import string
import textwrap
import time
import traceback
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
import zoneinfo
from typing import Any, Final

import dateutil.parser
import dateutil.relativedelta
import fastjsonschema
import jinja2
import phonenumbers
import xmltodict
import yaml

from .bridge import BRIDGE
from .capabilities import requests

_TIMES: Final = 3  # CPython specialises a function's bytecode after its second call (PEP 659)
# Of the 512 patterns that `re` keeps. User code needs the others: once the table is full, `re`
# drops a pattern for each new one.
_PATTERNS_KEPT: Final = 400
_TEMPLATE: Final = (
    "{% set n = 1 %}{% for i in items if i.n > 0 %}{{ loop.index }} {{ i.n|round(1)|string|e }}"
    "{% else %}none{% endfor %}{% macro m(x) %}{{ x }}{% endmacro %}{{ m(n) }}{# note #}"
)
_YAML: Final = "a: 1\nb: [x, 2.5, true, null, 2026-03-01]\nc: |\n  text\nd: {e: 'f', \"g\": h}\n"
_SCHEMA: Final = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string", "pattern": "^x", "format": "email"}},
}
_NUMBERS: Final = (("020 7946 0958", "GB"), ("(650) 253-0000", "US"), ("+49 171 1234567", None))


def rehearse() -> None:
    """Use everything once that is slow at its first use. Frames go nowhere meanwhile."""
    BRIDGE.silent = True
    for _ in range(_TIMES):
        _dates()
        _texts()
        _documents()
        _phones()
        _calls()
        asyncio.run(_asynchronous())
    BRIDGE.silent = False


def _dates() -> None:
    for text in ("2026-03-01T09:30:00.000Z", "1 March 2026 5pm", "03/01/2026"):
        dateutil.parser.parse(text)
    dateutil.parser.isoparse("2026-03-01T09:30:00Z")
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%d/%m/%Y"):
        now = dt.datetime.now(dt.UTC).strftime(form)
        dt.datetime.strptime(now, form)  # noqa: DTZ007 - fills the table of patterns
    later = dateutil.relativedelta.relativedelta(months=1)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    (dt.datetime.now(berlin) + later).astimezone(zoneinfo.ZoneInfo("America/New_York"))
    time.strptime("2026", "%Y")
    decimal.Decimal("1.255").quantize(decimal.Decimal("0.01"))


def _texts() -> None:
    string.Template("$a ${b}").safe_substitute(a=1)
    textwrap.dedent(textwrap.fill("some words to fill", 9))
    re.sub(r"(?P<a>\d+)", "x", "12")
    urllib.parse.urlsplit(urllib.parse.urljoin("https://x.com/a?b=c", "../d"))
    urllib.parse.urlencode({"a": "ü b"})
    urllib.parse.parse_qs("a=1&b=2")
    json.loads(json.dumps({"a": [1, 2.5, None, "é"]}, indent=1))
    list(csv.DictReader(io.StringIO("a,b\n1,2\n")))
    try:
        raise ValueError("a rehearsal")  # noqa: TRY301 - its traceback is what is wanted
    except ValueError as problem:
        traceback.format_exception(problem)


def _documents() -> None:
    jinja2.Template(_TEMPLATE).render(items=[{"n": 1.5}])
    jinja2.Environment(autoescape=True).from_string(_TEMPLATE).render(items=[])
    yaml.safe_dump(yaml.safe_load(_YAML))
    xmltodict.unparse({"a": xmltodict.parse("<a x='1'><b>1</b></a>")["a"]})
    ET.tostring(ET.fromstring("<a><b c='1'/></a>"))  # noqa: S314 - our own text
    html.parser.HTMLParser().feed("<p class='x'>a &amp; b<br/></p>")
    message = email.message.EmailMessage()
    message["To"] = "Ada <ada@example.com>"
    message.set_content("text")
    message.as_bytes()
    email.utils.parseaddr("Ada <ada@example.com>")
    check: Any = fastjsonschema.compile(_SCHEMA)
    check({"a": "x@example.com"})


def _phones() -> None:
    for text, region in _NUMBERS:
        number = phonenumbers.parse(text, region)
        phonenumbers.is_valid_number(number)
        phonenumbers.number_type(number)
        for form in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.NATIONAL):
            phonenumbers.format_number(number, form)


def _calls() -> None:
    headers = {"Authorization": "Bearer x"}
    request = requests.Request("POST", "https://x.com/a", params={"q": "ü"}, json={"a": 1})
    request.headers = headers
    request.prepare()
    urllib.request.Request("https://x.com/", data=b"x", headers=headers)
    urllib.request.build_opener()


async def _asynchronous() -> None:
    async def one(number: int) -> int:
        await asyncio.sleep(0)
        return number

    await asyncio.wait_for(asyncio.gather(one(1), one(2)), 1)
    async with asyncio.TaskGroup() as group:
        group.create_task(one(3))


def check() -> None:
    """Fail the build if the table of patterns has too little room for those of user code."""
    cached = len(re._cache)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way to ask
    assert cached < _PATTERNS_KEPT, cached  # noqa: S101 - the build fails
