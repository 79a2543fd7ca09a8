"""Does at build time what libraries do at their first use: compile patterns, fill tables.

Each worker begins with the memory that the build leaves. A pattern that is compiled here is not
compiled again by the first event of every worker, which would take milliseconds.
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
from typing import Any

import dateutil.parser
import dateutil.relativedelta
import fastjsonschema
import jinja2
import phonenumbers
import xmltodict
import yaml

from .bridge import BRIDGE
from .capabilities import requests

_TIMES = 3  # CPython makes a function's bytecode faster after its second call
_PATTERNS_KEPT = 400  # of the 512 that `re` keeps: a full table is emptied pattern by pattern
_TEMPLATE = (
    "{% set n = 1 %}{% for i in items if i.n > 0 %}{{ loop.index }} {{ i.n|round(1)|string|e }}"
    "{% else %}none{% endfor %}{% macro m(x) %}{{ x }}{% endmacro %}{{ m(n) }}{# note #}"
)
_YAML = "a: 1\nb: [x, 2.5, true, null, 2026-03-01]\nc: |\n  text\nd: {e: 'f', \"g\": h}\n"
_SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string", "pattern": "^x", "format": "email"}},
}
_NUMBERS = (("020 7946 0958", "GB"), ("(650) 253-0000", "US"), ("+49 171 1234567", None))


def rehearse() -> None:
    """Use everything that is slow at its first use; there is nobody to send anything to."""
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
    except ValueError as error:
        traceback.format_exception(error)


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
    """Leave room in the table of patterns."""
    cached = len(re._cache)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way to ask
    assert cached < _PATTERNS_KEPT, cached  # noqa: S101 - the build fails
