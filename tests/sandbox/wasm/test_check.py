"""The check at publish: syntax refuses, everything else is a hint."""

# ruff: noqa: E501 - programs and rows of tables are one line
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox import harness

Findings = Callable[[str], list[dict[str, Any]]]
HANDLER = "def handler(event, context):\n    return 1\n"


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("def handler(event):\n    return (1\n", 2, 12,
         "syntax error: '(' was never closed\n    return (1\n           ^"),
        ("def handler(event)\n    return 1\n", 1, 19,
         "syntax error: expected ':'\ndef handler(event)\n                  ^"),
        ("def handler(event):\n\tx = = 1\n", 2, 6,
         "syntax error: invalid syntax\n\tx = = 1\n\t    ^"),
        ("def handler(event):\n    return f'{await x}'\n", 2, 15,
         ("syntax error: 'await' outside async function\n    return f'{await x}'\n"
         "              ^^^^^^^")),
        ("def handler(event):\n    größe = 1 +\n", 2, 16,
         "syntax error: invalid syntax\n    größe = 1 +\n               ^"),
        ("def handler(event):\n    class A: return 1\n", 2, 14,
         "syntax error: 'return' outside function\n    class A: return 1\n             ^^^^^^^^"),
        ("print 'hello'\n" + HANDLER, 1, 1, ("syntax error: Missing parentheses in call to 'print'."
         " Did you mean print(...)?\nprint 'hello'\n^^^^^^^^^^^^^")),
    ],
)  # fmt: skip
def test_a_syntax_error_has_its_line_and_a_caret(
    findings: Findings, source: str, line: int, column: int, message: str
) -> None:
    """By the compiler that will run it, in its own words."""
    [finding] = findings(source)
    assert (finding["code"], finding["severity"]) == ("syntax_error", "error")
    assert (finding["line"], finding["column"], finding["message"]) == (line, column, message)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = " + "(" * 500 + ")" * 500, "too_complex"),
        ("x = " + "[" * 190 + "]" * 190, "too_complex"),
        ("x = " + "-" * 20_000 + "1", "too_complex"),
        ("x = " + "+".join(["1"] * 20_000), "too_complex"),
        ("x = a" + ".b" * 20_000, "too_complex"),
        ("x = " + "a if b else " * 5_000 + "1", "too_complex"),
        ("x = " + "lambda: " * 5_000 + "1", "too_complex"),
        ("if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 120)) + " " * 120 + "pass",
         "syntax_error"),
        ("x = 1\0", "source_not_text"),
        ("x = '\ud83d'", "source_not_text"),
        ("#" * 65_000 + "\n" + "#" * 65_000, "source_too_large"),
        ("\n" * 5_000 + HANDLER, "source_too_large"),
        ("x = 1\n", "no_handler"),
        ("def handle(event): pass\n", "no_handler"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_a_source_that_cannot_be_run_is_refused(findings: Findings, source: str, code: str) -> None:
    """With one reason, and without giving the check up."""
    refused = [finding for finding in findings(source) if finding["severity"] == "error"]
    assert [finding["code"] for finding in refused] == [code]


def test_a_missing_handler_names_the_function_that_may_be_meant(findings: Findings) -> None:
    """`def handle` is what people write."""
    [finding] = findings("def handle(event): pass\n")
    assert 'is "handle" the one?' in finding["hint"]


@pytest.mark.parametrize(
    ("source", "code", "message", "hint"),
    [
        ("import pandas", "module_missing", 'the module "pandas" is not there',
         "it needs native code; use csv, statistics, collections and comprehensions"),
        ("import urllib3", "module_missing", 'the module "urllib3" is not there',
         "use requests, urllib.request or context.http"),
        ("import stripe", "module_missing", 'the module "stripe" is not there',
         "call the service's HTTP API with requests or context.http"),
        ("import orjson as json", "module_missing", 'the module "orjson" is not there', "use json"),
        ("import Jinja2", "module_missing", 'the module "Jinja2" is not there',
         'did you mean "jinja2"?'),
        ("import surely_nothing", "module_missing", 'the module "surely_nothing" is not there', ""),
        ("from .helpers import x", "module_missing", "there is no package to import from",
         "a function is one file: put the code into it"),
        ("import json.encoderr", "module_missing", 'the module "json.encoderr" is not there', ""),
        ("from datetime import datetme", "member_missing", 'the module "datetime" has no "datetme"',
         'did you mean "datetime"?'),
        ("from phonenumbers import geocoder", "member_missing",
         'the module "phonenumbers" has no "geocoder"',
         "names of places and carriers take too much memory; use region_code_for_number"),
        ("from concurrent.futures import ProcessPoolExecutor", "member_missing",
         'the module "concurrent.futures" has no "ProcessPoolExecutor"',
         'did you mean "ThreadPoolExecutor"?'),
        ("import json\ndef f(): json.load_s('1')", "member_missing", 'the module "json" has no "load_s"',
         'did you mean "loads"?'),
        ("import datetime\ndef f(): datetime.datetime.utcnwo()", "member_missing",
         'the class "datetime.datetime" has no "utcnwo"', 'did you mean "utcnow"?'),
        ("from penstock import Retry", "member_missing", 'the module "penstock" has no "Retry"',
         'did you mean "RetryError"?'),
        ("import requests\ndef f(): requests.fetch('x')", "member_missing",
         'the module "requests" has no "fetch"', ""),
        ("def f(): return jsn.dumps(1)", "unknown_name", 'the name "jsn" is not defined', ""),
        ("def f(): return json.dumps(1)", "unknown_name", 'the name "json" is not defined',
         "import json"),
        ("def f(): raise RetryError('x')", "unknown_name", 'the name "RetryError" is not defined',
         "from penstock import RetryError"),
        ("def f(): return timedelta(1)", "unknown_name", 'the name "timedelta" is not defined',
         "from datetime import timedelta"),
        ("def f(total): return totl + 1", "unknown_name", 'the name "totl" is not defined',
         'did you mean "total"?'),
        ("def f(): return pd.DataFrame()", "unknown_name", 'the name "pd" is not defined', ""),
        ("class A:\n    x = 1\n    def f(self): return y", "unknown_name",
         'the name "y" is not defined', ""),
        ("def f(): open('x')", "not_possible", "open() cannot work here",
         "there are no files here: take data from the event, or fetch it with context.http"),
        ("from subprocess import run\ndef f(): run(['ls'])", "not_possible",
         "subprocess.run() cannot work here", "there are no other processes here"),
        ("import threading as t\ndef f(): t.Thread(target=f)", "not_possible",
         "threading.Thread() cannot work here",
         "there are no threads here: call one after another, or use asyncio"),
        ("def f(): return input('x')", "not_possible", "input() cannot work here",
         "there is no terminal: take data from the event"),
        ("import time\ndef f(): time.sleep(30)", "long_wait",
         "the run waits 30 s of its time, and the events behind it as well",
         "raise penstock.RetryError to have the event run again later"),
        ("from time import sleep\nasync def f(): sleep(0.1)", "blocking_call",
         "time.sleep() holds up every other task", "await asyncio.sleep(...)"),
        ("SEEN = []\ndef f(x): SEEN.append(x)", "shared_state",
         'events of one batch share "SEEN": what this run changes, the next one sees',
         "fine for a cache; what belongs to one event goes into the handler"),
        ("CACHE = {}\ndef f(x): CACHE[x] = 1", "shared_state",
         'events of one batch share "CACHE": what this run changes, the next one sees',
         "fine for a cache; what belongs to one event goes into the handler"),
        ("N = 0\ndef f():\n    global N\n    N += 1", "shared_state",
         'events of one batch share "N": what this run changes, the next one sees',
         "fine for a cache; what belongs to one event goes into the handler"),
        ("import collections\nC = collections.Counter()\ndef f(x): C.update(x)", "shared_state",
         'events of one batch share "C": what this run changes, the next one sees',
         "fine for a cache; what belongs to one event goes into the handler"),
        ("def f():\n    try: pass\n    finally: return 1", "syntax_warning",
         "'return' in a 'finally' block", ""),
        ("def f(x): return x is 5", "syntax_warning",
         "\"is\" with 'int' literal. Did you mean \"==\"?", ""),
        (("class M(type):\n    def __new__(m, n, b, ns):\n"
         "        return super().__new__(m, n, b, {'a': ns.get('__annotations__', {})})"),
         "late_annotations", 'since Python 3.14 the namespace of a class body has no "__annotations__"',
         "make the class first, and read its __annotations__"),
        ("x = 'a\u202eb'", "hidden_character",
         "the line holds a character that hides the order of the others",
         "remove it, or write it as \\u escape"),
    ],
)  # fmt: skip
def test_what_will_go_wrong_is_a_hint(
    findings: Findings, wasm: Sandbox, source: str, code: str, message: str, hint: str
) -> None:
    """It says where and what to do, and the source is run all the same."""
    whole = f"{source}\n{HANDLER}"
    made = [finding for finding in findings(whole) if finding["code"] == code]
    assert [(each["message"], each["hint"], each["severity"]) for each in made] == [
        (message, hint, "hint")
    ]
    assert 0 < made[0]["line"] <= source.count("\n") + 1
    result = wasm.run(harness.a_job(whole, engine=EngineName.WASM))["results"][0]
    assert result["outcome"] != "refused"
    assert not [entry for entry in result["logs"] if "Warning" in entry["message"]]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import orjson as json\nexcept ImportError:\n    import json",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import numpy",
        "import os\nif hasattr(os, 'getuid'):\n    os.getuid()",
        "import datetime as dt\nUTC = getattr(dt, 'UTC', None)\ndef f(): return dt.UTC",
        "def f(x: Unknown) -> Other: return x",
        "class A:\n    def f(self) -> 'B': return self\nclass B(A): pass",
        "def f():\n    for i in range(3): pass\n    return [i for j in range(i) if (k := j)], k",
        "def f(**kw): return {**kw, **globals()}",
        "from math import *\ndef f(): return floor(1.5)",
        "def f():\n    def g(): return later\n    later = 1\n    return g()",
        "match {}:\n    case {'a': x, **rest}: print(x, rest)\n    case [y, *z]: print(y, z)",
        "def f[T](x: T) -> T: return x\ntype A[K] = dict[K, int]\nclass B[V]: v: V",
        "try:\n    unicode\nexcept NameError:\n    unicode = str",
        ("HANDLERS = {}\ndef on(t):\n    def reg(f):\n        HANDLERS[t] = f\n        return f\n"
        "    return reg\n@on('a')\ndef f(e): return HANDLERS['a']"),
        "RATES = {'a': 1}\ndef f(x):\n    RATES2 = dict(RATES)\n    RATES2['b'] = 2\n    return RATES2",
        "def f():\n    try:\n        open('x')\n    except OSError:\n        return None",
        "import time\ndef f(n): time.sleep(0.5); time.sleep(n)",
        "class Meta(type):\n    def __prepare__(name, bases): return {}\nclass A(metaclass=Meta): z = __name__",
        "x = 1\ndel x",
        "import xml.etree.ElementTree as ET, urllib.request\ndef f(): ET.fromstring; urllib.parse.quote",
        "import os.path\ndef f(): return os.path.join('a'), os.environ, os.sep",
        "def f(open, input): return open(input)",
        "import json\njson.own = 1\ndef f(): return json.own",
        "from collections import namedtuple\nP = namedtuple('P', 'x')\ndef f(): return P(1).x, P.make",
        "lambda: (yield)",
    ],
    ids=lambda source: source[:25],
)  # fmt: skip
def test_what_is_right_gets_no_hint(findings: Findings, source: str) -> None:
    """A hint that is wrong makes people overlook the next one."""
    assert findings(f"{source}\n{HANDLER}") == []


def test_columns_count_characters_and_not_bytes(findings: Findings) -> None:
    """Editors do."""
    [finding] = findings(f"def f():\n    ä = 'ö'; return jsn\n{HANDLER}")
    assert (finding["line"], finding["column"]) == (2, 21)


def test_a_source_may_begin_with_a_byte_order_mark(findings: Findings, wasm: Sandbox) -> None:
    """Some editors write one."""
    source = "\ufeff" + HANDLER
    assert findings(source) == []
    assert wasm.run(harness.a_job(source))["results"][0]["output"] == 1
