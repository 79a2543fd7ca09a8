"""The names that user code may import, and advice for those that it may not.

The policy and the published reference both use these tables.
"""

from __future__ import annotations

import sys
from typing import Final

from sandbox.engines.restricted.facades import MODULES

MODULE_MEMBERS: Final[dict[str, frozenset[str]]] = {
    name: frozenset(members) for name, members in MODULES.items()
}

_NO_FILES: Final = "there is no file system"
_NO_INTERNALS: Final = "it reaches the interpreter itself"
ABSENT_BUILTINS: Final[dict[str, tuple[str, str]]] = {
    "open": (_NO_FILES, "take data from the event, or fetch it with context.http"),
    "input": ("there is no terminal", "take data from the event"),
    "compile": (_NO_INTERNALS, "write the code out"),
    "globals": (_NO_INTERNALS, "keep values in a dict of yours"),
    "locals": (_NO_INTERNALS, "keep values in a dict of yours"),
    "vars": (_NO_INTERNALS, "use a dict, or dataclasses.asdict(x)"),
    "dir": (_NO_INTERNALS, "use a dict and its keys()"),
    "id": ("it gives away memory addresses", "use `is` to compare, or a key of yours"),
    "memoryview": ("it gives raw memory", "use bytes"),
    "bytearray": ("it gives raw memory", "use bytes, or a list of numbers"),
    "help": ("there is no terminal", "see the published reference"),
    "exit": ("a run ends by returning", "return"),
    "quit": ("a run ends by returning", "return"),
    "BaseException": ("it would swallow the platform's own stops", "use Exception"),
    "SystemExit": ("a run ends by returning", "return, or raise an exception of yours"),
    "KeyboardInterrupt": ("there is no keyboard", "raise an exception of yours"),
    "GeneratorExit": ("it belongs to the interpreter", "use try/finally in the generator"),
    "BaseExceptionGroup": ("exception groups are not part of the language", "use Exception"),
    "ExceptionGroup": ("exception groups are not part of the language", "use Exception"),
    "aiter": ("async is not part of the language", "use iter"),
    "anext": ("async is not part of the language", "use next"),
}

_WASM: Final = "use engine wasm, which has it"
_HTTP: Final = "use context.http or the requests module"
_ONE: Final = "call one after another: one run is one thread"
_NO_SYSTEM: Final = "there is no operating system to ask, in no engine"
_NATIVE: Final = "it needs native code, which no engine has"
_API: Final = "call the service's HTTP API with context.http or the requests module"
_GONE: Final = "Python itself has it no more"

# Modules that people try to import, and what to use instead. Only exact names are looked up: a
# similar spelling gets no advice.
_INSTEAD = {
    "os": "secrets come from context.secret(name); for os.environ use engine wasm",
    "sys": "there is no interpreter to reach, and print() goes to the log; else use engine wasm",
    "logging": "use context.log(message, **fields) or print(), or engine wasm, which has it",
    "urllib.request": f"{_HTTP}, or engine wasm, which has it",
    "urllib.error": f"{_HTTP}, or engine wasm, which has it",
    "http.client": _HTTP,
    "pickle": "use json, or engine wasm, which has it",
    "asyncio": f"{_ONE}, or use engine wasm, which has it",
    "boto3": "the platform's cloud is out of reach; use context.http",
    "botocore": "the platform's cloud is out of reach; use context.http",
    "importlib": "write an import statement, or use engine wasm, which has it",
}
_BY_REASON: Final = {
    _HTTP: "httpx aiohttp urllib3 httplib2 pycurl ftplib smtplib imaplib poplib telnetlib3",
    _ONE: "threading multiprocessing concurrent queue trio anyio gevent celery joblib",
    _NO_SYSTEM: "socket socketserver ssl subprocess signal ctypes mmap fcntl resource pwd grp pty "
    "tty termios syslog curses readline tkinter turtle psutil select selectors",
    _NATIVE: "numpy scipy pandas polars pyarrow duckdb lxml pydantic pydantic_core cryptography "
    "nacl bcrypt cffi PIL cv2 torch tensorflow sklearn orjson msgpack psycopg2 grpc",
    _API: "stripe klaviyo klaviyo_api klaviyo_sdk hubspot slack slack_sdk twilio sendgrid shopify "
    "mailchimp_marketing mailchimp_transactional intercom segment analytics simple_salesforce "
    "zenpy openai anthropic mixpanel amplitude braze google googleapiclient gspread paypalrestsdk "
    "braintree square sentry_sdk facebook_business firebase_admin airtable pyairtable",
    "use json": "simplejson ujson rapidjson jsonpickle",
    "use re": "regex re2",
    "use datetime and zoneinfo, or engine wasm, which has dateutil": "arrow pendulum moment maya",
    "use hmac, hashlib and base64": "jwt jose itsdangerous",
    "write a loop, or raise penstock.RetryError to have the event run again": "tenacity backoff",
    _WASM: "dateutil pytz phonenumbers fastjsonschema yaml jinja2 markupsafe xmltodict tzdata",
    _GONE: "asynchat asyncore cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib "
    "nis nntplib ossaudiodev pipes sndhdr smtpd spwd sunau telnetlib uu xdrlib audioop aifc",
}
_INSTEAD |= {name: reason for reason, names in _BY_REASON.items() for name in names.split()}


def hint_for_module(module: str) -> str:
    """What to write instead of an import of this module."""
    top = module.partition(".")[0]
    if module in _INSTEAD or top in _INSTEAD:
        return _INSTEAD.get(module) or _INSTEAD[top]
    if top in sys.stdlib_module_names and not top.startswith("_"):
        return _WASM
    return "no package can be added; the modules of each engine are listed in the reference"
