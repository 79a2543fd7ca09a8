"""Modules that are not in the component: why, and what to use instead where there is something.

A guess would be worse than nothing: what is not listed here has no alternative that we know of.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_TLS = "https:// URLs are encrypted and checked by the platform; leave the SSL context out"
_HTTP = "use requests, urllib.request or context.http"
_API = "call the service's HTTP API with requests or context.http"
_FRAMES = "it needs native code; use csv, statistics, collections and comprehensions"
_NUMBERS = "it needs native code; use math, statistics and decimal"
_NATIVE = "it needs native code"
_TABLES = "databases speak over sockets, and there are none; call an HTTP API in front of it"
_DATES = "use datetime, zoneinfo and dateutil"
_SCHEMAS = "use fastjsonschema, or dataclasses with checks of your own"
_JSON = "use json"
_ONE = "there is one process: call one after another"
_WEB = "a function is called with events, there is no web server"
_TERMINAL = "there is no terminal"
_SYSTEM = "there is no operating system to ask"
_AGAIN = "write a loop with time.sleep, or raise penstock.RetryError to have the event run again"
_ASYNC = "use asyncio"
_CRYPTO = "it needs native code; hashlib, hmac and secrets are there, encryption is not"
_ZIP = "use zlib, gzip or zipfile"
_TEMPLATES = "use jinja2 or string.Template"
_PICTURES = "pictures and plots are not possible here"
_MODELS = "models are not possible here; call a service that runs them"

_BY_REASON: dict[str, str] = {
    _TLS: "ssl _ssl certifi OpenSSL truststore",
    _HTTP: "httpx aiohttp urllib3 httplib2 pycurl treq requests_toolbelt http3 hyper websockets"
    " websocket grequests niquests",
    _API: "stripe klaviyo klaviyo_api klaviyo_sdk hubspot slack slack_sdk slackclient twilio"
    " sendgrid mailchimp_marketing mailchimp_transactional postmarker mailgun intercom analytics"
    " segment shopify simple_salesforce zenpy zendesk openai anthropic mixpanel amplitude braze"
    " customerio googleapiclient google gspread telegram discord github gitlab jira notion_client"
    " airtable pyairtable paypalrestsdk braintree square adyen chargebee recurly sentry_sdk"
    " datadog rollbar bugsnag posthog algoliasearch contentful facebook_business tweepy azure"
    " firebase_admin pusher plaid xero_python woocommerce bigcommerce pyactiveresource attentive",
    _FRAMES: "pandas polars pyarrow dask duckdb",
    _NUMBERS: "numpy scipy sympy numba cython",
    _NATIVE: "gmpy2 cffi pybind11 greenlet _cffi_backend msgpack google_crc32c",
    "use xml.etree.ElementTree or xmltodict": "lxml defusedxml untangle",
    "use html.parser": "bs4 html5lib BeautifulSoup selectolax pyquery parsel",
    _CRYPTO: "cryptography nacl Crypto Cryptodome bcrypt argon2 passlib rsa ecdsa M2Crypto gnupg",
    "put an HS256 token together with base64, json and hmac": "jwt jose authlib jwcrypto",
    "the cloud of the platform is out of reach; other services have HTTP APIs: use requests": "boto3 botocore aioboto3 s3fs",
    "use logging or context.log": "aws_lambda_powertools loguru structlog pythonjsonlogger"
    " coloredlogs",
    _JSON: "orjson ujson simplejson rapidjson demjson json5 jsonpickle",
    "use re": "regex re2",
    "use yaml": "ruamel oyaml strictyaml",
    "use tomllib": "toml tomli tomlkit pytoml",
    _DATES: "arrow pendulum moment maya delorean ciso8601 iso8601 tzlocal dateparser babel",
    _SCHEMAS: "pydantic pydantic_core pydantic_settings jsonschema marshmallow cerberus voluptuous"
    " schema attr attrs cattrs msgspec",
    _TEMPLATES: "mako chevron pystache mustache handlebars",
    _TABLES: "redis pymongo psycopg psycopg2 asyncpg MySQLdb mysql pymysql sqlalchemy peewee"
    " snowflake elasticsearch opensearchpy cassandra motor kafka pika pymssql pyodbc"
    " redshift_connector memcache pymemcache",
    _WEB: "flask fastapi starlette django bottle tornado sanic uvicorn gunicorn quart chalice"
    " mangum werkzeug",
    "os.environ has the values that the function declares": "dotenv decouple environs",
    _AGAIN: "tenacity backoff retry retrying stamina",
    "use functools.lru_cache, or a dict of your own": "cachetools diskcache",
    "use itertools": "more_itertools toolz cytoolz",
    "use typing": "typing_extensions mypy_extensions",
    "use unicodedata.normalize": "unidecode text_unidecode",
    "use re and email.utils": "email_validator validators validate_email",
    "use csv": "openpyxl xlsxwriter xlrd xlwt tablib",
    "use difflib": "Levenshtein rapidfuzz fuzzywuzzy thefuzz jellyfish",
    _PICTURES: "PIL cv2 matplotlib seaborn plotly qrcode",
    _MODELS: "torch tensorflow sklearn transformers keras spacy nltk xgboost lightgbm langchain"
    " tiktoken",
    _ASYNC: "trio anyio gevent eventlet curio uvloop nest_asyncio",
    _ONE: "multiprocessing _multiprocessing joblib celery rq dramatiq multiprocess",
    _ZIP: "bz2 _bz2 lzma _lzma zstandard zstd _zstd lz4 snappy brotli",
    _SYSTEM: "ctypes _ctypes mmap fcntl grp pwd resource syslog termios tty pty posixshmem nt"
    " msvcrt winreg winsound _winapi psutil pexpect sh fabric paramiko ensurepip venv pip"
    " setuptools pkg_resources _posixsubprocess",
    _TERMINAL: "curses _curses readline tkinter _tkinter turtle idlelib turtledemo click typer"
    " rich tqdm colorama termcolor tabulate prompt_toolkit pty",
    "names of places and carriers take more memory than a function has; region_code_for_number and"
    " number_type are there": "phonenumbers.geocoder phonenumbers.geodata phonenumbers.carrier"
    " phonenumbers.carrierdata",
    "there is one process: call one after another, or use ThreadPoolExecutor": "concurrent.futures.process concurrent.interpreters",
    "tests run outside": "test pytest nose hypothesis mock moto responses freezegun faker",
}

MISSING: dict[str, str] = {
    name: reason for reason, names in _BY_REASON.items() for name in names.split()
}
"""What to do instead of importing each of these, by the module's top name."""


def hint_for(module: str) -> str:
    """What to use instead of a module that is not there; empty where nothing is known."""
    top = module.partition(".")[0]
    known = MISSING.get(module) or MISSING.get(top)
    if known:
        return known
    return f'did you mean "{_OWN_NAMES[top]}"?' if top in _OWN_NAMES else ""


_OWN_NAMES = {
    # What people install under one name and import under another.
    "pyyaml": "yaml", "PyYAML": "yaml", "YAML": "yaml",
    "Jinja2": "jinja2", "jinja": "jinja2", "Jinja": "jinja2", "MarkupSafe": "markupsafe",
    "python_dateutil": "dateutil", "phonenumber": "phonenumbers", "phonenumberslite": "phonenumbers",
    "Requests": "requests", "JSON": "json", "Json": "json", "CSV": "csv", "Decimal": "decimal",
    "Datetime": "datetime", "DateTime": "datetime", "Penstock": "penstock",
    "ConfigParser": "configparser", "StringIO": "io", "cStringIO": "io", "urlparse": "urllib.parse",
    "urllib2": "urllib.request", "httplib": "http.client", "HTMLParser": "html.parser",
    "Queue": "queue", "cPickle": "pickle", "__builtin__": "builtins", "imp": "importlib",
    "ElementTree": "xml.etree.ElementTree",
}  # fmt: skip


class Finder:
    """The last to be asked for a module: says in words that it is not there."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, or ModuleNotFoundError for an import; who only asks gets None."""
        del path, target
        if "." in name and name not in MISSING:
            return None
        caller = sys._getframe(2).f_code.co_name  # noqa: SLF001 - importlib has no other sign
        if caller != "_find_and_load_unlocked":  # importlib.util.find_spec
            return None
        # `from package import module` would swallow an error that bears the module's own name.
        raise ModuleNotFoundError(words(name), name=name.partition(".")[0])


def words(name: str) -> str:
    """The error's text for a module that is not there."""
    hint = hint_for(name)
    return f"No module named {name!r}: {hint}" if hint else f"No module named {name!r}"
