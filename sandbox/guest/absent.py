"""Says for modules that are not in the component why, and what to use instead.

A wrong guess would be worse than no advice. So a module that is not listed here gets none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_REASONS: Final[tuple[tuple[str, str], ...]] = (
    (
        "https:// URLs are encrypted and checked by the platform; leave the SSL context out",
        "ssl _ssl certifi OpenSSL truststore",
    ),
    (
        "use requests, urllib.request or context.http",
        """httpx aiohttp urllib3 httplib2 pycurl treq requests_toolbelt requests_oauthlib grequests
        niquests hyper websockets websocket""",
    ),
    (
        "call the service's HTTP API with requests or context.http",
        """stripe klaviyo klaviyo_api klaviyo_sdk hubspot slack slack_sdk slackclient twilio
        sendgrid mailchimp_marketing mailchimp_transactional postmarker mailgun intercom analytics
        segment shopify simple_salesforce zenpy zendesk openai anthropic mixpanel amplitude braze
        customerio googleapiclient google gspread telegram discord github gitlab jira notion_client
        airtable pyairtable paypalrestsdk braintree square adyen chargebee recurly sentry_sdk
        datadog rollbar bugsnag posthog algoliasearch contentful facebook_business tweepy azure
        firebase_admin pusher plaid xero_python woocommerce bigcommerce pyactiveresource
        attentive iterable rudderstack""",
    ),
    (
        "it needs native code; use csv, statistics, collections and comprehensions",
        "pandas polars pyarrow dask duckdb",
    ),
    (
        "it needs native code; use math, statistics and decimal",
        "numpy scipy sympy numba cython",
    ),
    (
        "it needs native code",
        "gmpy2 cffi pybind11 greenlet _cffi_backend msgpack google_crc32c",
    ),
    ("use xml.etree.ElementTree or xmltodict", "lxml defusedxml untangle"),
    ("use html.parser", "bs4 html5lib BeautifulSoup selectolax pyquery parsel"),
    (
        "it needs native code; hashlib, hmac and secrets are there, encryption is not",
        """cryptography nacl Crypto Cryptodome bcrypt argon2 passlib rsa ecdsa M2Crypto gnupg""",
    ),
    (
        "put an HS256 token together with base64, json and hmac; other signatures need native code",
        "jwt jose authlib jwcrypto",
    ),
    (
        "the cloud of the platform is out of reach; other services have HTTP APIs: use requests",
        "boto3 botocore aioboto3 s3fs",
    ),
    (
        "use logging or context.log",
        "aws_lambda_powertools loguru structlog pythonjsonlogger coloredlogs",
    ),
    ("use json", "orjson ujson simplejson rapidjson demjson json5 jsonpickle"),
    ("use re", "regex re2"),
    ("use yaml", "ruamel oyaml strictyaml"),
    ("use tomllib", "toml tomli tomlkit pytoml"),
    (
        "use datetime, zoneinfo and dateutil",
        "arrow pendulum moment maya delorean ciso8601 iso8601 tzlocal dateparser",
    ),
    (
        "use fastjsonschema, or dataclasses with checks of your own",
        """pydantic pydantic_core pydantic_settings jsonschema marshmallow cerberus voluptuous
        schema msgspec""",
    ),
    ("use dataclasses", "attr attrs cattrs"),
    ("use jinja2 or string.Template", "mako chevron pystache mustache handlebars"),
    (
        "databases speak over sockets, and there are none; call an HTTP API in front of it",
        """redis pymongo psycopg psycopg2 asyncpg MySQLdb mysql pymysql sqlalchemy peewee
        snowflake elasticsearch opensearchpy cassandra motor kafka pika pymssql pyodbc
        redshift_connector memcache pymemcache""",
    ),
    (
        "a function is called with events, there is no web server",
        """flask fastapi starlette django bottle tornado sanic uvicorn gunicorn quart chalice
        mangum werkzeug""",
    ),
    (
        "os.environ has the values that the function declares",
        "dotenv decouple environs",
    ),
    (
        "write a loop with time.sleep, or raise penstock.RetryError to have the event run again",
        "tenacity backoff retry retrying stamina",
    ),
    ("use functools.lru_cache, or a dict of your own", "cachetools diskcache"),
    ("use itertools", "more_itertools toolz cytoolz"),
    ("use typing", "typing_extensions mypy_extensions"),
    ("use unicodedata.normalize", "unidecode text_unidecode"),
    ("use re and email.utils", "email_validator validators validate_email"),
    ("use csv", "openpyxl xlsxwriter xlrd xlwt tablib"),
    ("use difflib", "Levenshtein rapidfuzz fuzzywuzzy thefuzz jellyfish"),
    ("pictures and plots are not possible here", "PIL cv2 matplotlib seaborn plotly qrcode"),
    (
        "models are not possible here; call a service that runs them",
        """torch tensorflow sklearn transformers keras spacy nltk xgboost lightgbm langchain
        tiktoken""",
    ),
    ("use asyncio", "trio anyio gevent eventlet curio uvloop nest_asyncio"),
    (
        "there is one process: call one after another",
        "multiprocessing _multiprocessing joblib celery rq dramatiq multiprocess",
    ),
    (
        "there is one process: call one after another, or use ThreadPoolExecutor",
        "concurrent.futures.process concurrent.futures.interpreter concurrent.interpreters",
    ),
    (
        "use zlib, gzip or zipfile",
        "bz2 _bz2 lzma _lzma zstandard zstd _zstd compression.zstd lz4 snappy brotli",
    ),
    (
        "there is no operating system to ask",
        """ctypes _ctypes mmap fcntl grp pwd resource syslog termios tty pty nt msvcrt winreg
        winsound psutil pexpect sh fabric paramiko ensurepip venv pip setuptools pkg_resources
        _posixsubprocess""",
    ),
    (
        "there is no terminal",
        """curses _curses readline tkinter _tkinter turtle idlelib turtledemo pdb bdb click typer
        rich tqdm colorama termcolor tabulate prompt_toolkit""",
    ),
    (
        "names of places and carriers take too much memory; use region_code_for_number",
        """phonenumbers.geocoder phonenumbers.geodata phonenumbers.carrier
        phonenumbers.carrierdata""",
    ),
    ("Python has it no more; use asyncio", "asyncore asynchat smtpd"),
    ("Python has it no more; use html, urllib.parse and email.message", "cgi cgitb"),
    ("Python has it no more; use importlib", "imp"),
    ("Python has it no more; use shlex", "pipes"),
    ("Python has it no more; use binascii", "uu binhex"),
    ("Python has it no more; use shutil and sysconfig", "distutils"),
    ("Python has it no more; use struct", "xdrlib"),
    (
        "Python has it no more",
        """aifc audioop chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev sndhdr
        spwd sunau telnetlib""",
    ),
    ("tests run outside", "test pytest nose hypothesis mock moto responses freezegun faker"),
)

MISSING: Final[dict[str, str]] = {
    name: reason for reason, names in _REASONS for name in names.split()
}
"""What to do instead of importing each of these, by the module's name."""

_OTHER_NAMES: Final = {
    # Names that differ from the module's: of the package to install, misspelt, or of Python 2.
    "pyyaml": "yaml", "PyYAML": "yaml", "YAML": "yaml",
    "Jinja2": "jinja2", "jinja": "jinja2", "Jinja": "jinja2", "MarkupSafe": "markupsafe",
    "python_dateutil": "dateutil", "phonenumber": "phonenumbers",
    "phonenumberslite": "phonenumbers", "Requests": "requests", "Penstock": "penstock",
    "JSON": "json", "Json": "json", "CSV": "csv", "Decimal": "decimal", "Datetime": "datetime",
    "DateTime": "datetime", "ConfigParser": "configparser", "StringIO": "io", "cStringIO": "io",
    "urlparse": "urllib.parse", "urllib2": "urllib.request", "httplib": "http.client",
    "HTMLParser": "html.parser", "Queue": "queue", "cPickle": "pickle", "__builtin__": "builtins",
    "ElementTree": "xml.etree.ElementTree",
}  # fmt: skip


def hint_for(module: str) -> str:
    """What to use instead of this missing module; empty if the tables do not say."""
    top = module.partition(".")[0]
    advice = MISSING.get(module) or MISSING.get(top)
    if advice:
        return advice
    return f'did you mean "{_OTHER_NAMES[top]}"?' if top in _OTHER_NAMES else ""


def words(name: str) -> str:
    """The message of the error for this missing module."""
    hint = hint_for(name)
    return f"No module named {name!r}: {hint}" if hint else f"No module named {name!r}"


class Finder:
    """The last finder on sys.meta_path. It raises an error that says what to use instead."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for code that only asks whether the module exists.

        Raises:
            ModuleNotFoundError: an import statement needs the module.
        """
        del path, target
        if "." in name and name not in MISSING:
            return None
        caller = sys._getframe(2).f_code.co_name  # noqa: SLF001 - importlib has no other sign
        if caller != "_find_and_load_unlocked":  # importlib.util.find_spec
            return None
        # `from package import module` swallows an error whose name is the module's full name, and
        # the message with it. So the error gets the name of the top package.
        raise ModuleNotFoundError(words(name), name=name.partition(".")[0])
