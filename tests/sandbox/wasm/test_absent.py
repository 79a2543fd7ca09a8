"""What cannot be done in the engine `wasm` fails in words that say what to do instead."""

# ruff: noqa: E501 - programs and rows of tables are one line
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox import harness
from tests.sandbox.wasm.conftest import Run

NO_FILES_READ = "there are no files here: take data from the event, or fetch it with context.http"
NO_FILES_WRITTEN = "there are no files here: build text in io.StringIO, bytes in io.BytesIO"


@pytest.mark.parametrize(
    ("statement", "name", "words"),
    [
        ("open('/etc/passwd')", "FileNotFoundError", NO_FILES_READ),
        ("open('out.csv', 'w')", "OSError", NO_FILES_WRITTEN),
        ("import pathlib; pathlib.Path('x').read_text()", "FileNotFoundError", NO_FILES_READ),
        ("import pathlib; pathlib.Path('x').write_text('y')", "OSError", NO_FILES_WRITTEN),
        ("import pathlib; pathlib.Path('x').mkdir()", "OSError", NO_FILES_WRITTEN),
        ("import os; os.listdir()", "FileNotFoundError", NO_FILES_READ),
        ("import os; os.makedirs('a/b')", "OSError", NO_FILES_WRITTEN),
        ("import os; os.remove('a')", "OSError", NO_FILES_WRITTEN),
        ("import io; io.FileIO('a')", "FileNotFoundError", NO_FILES_READ),
        ("import tempfile; tempfile.TemporaryFile()", "FileNotFoundError", NO_FILES_WRITTEN),
        ("import tempfile; tempfile.mkdtemp()", "FileNotFoundError", NO_FILES_WRITTEN),
        ("import shutil; shutil.copy('a', 'b')", "FileNotFoundError", NO_FILES_READ),
        ("import zipfile; zipfile.ZipFile('a.zip')", "FileNotFoundError", NO_FILES_READ),
        ("import gzip; gzip.open('a.gz')", "FileNotFoundError", NO_FILES_READ),
        ("import logging; logging.FileHandler('a.log')", "OSError", NO_FILES_WRITTEN),
        ("import sqlite3; sqlite3.connect('a.db')", "OperationalError", "use ':memory:'"),
        ("import socket; socket.socket()", "OSError", "there are no sockets here"),
        ("import socket; socket.create_connection(('a', 1))", "OSError", "no sockets here"),
        ("import socket; socket.getaddrinfo('a', 1)", "OSError", "there are no sockets here"),
        ("import smtplib; smtplib.SMTP('mail.example.com')", "OSError", "there are no sockets here"),
        ("import http.server; http.server.HTTPServer(('', 80), None)", "OSError", "no sockets here"),
        ("import select; select.select([], [], [], 1)", "OSError", "there are no sockets here"),
        ("import subprocess; subprocess.run(['ls'])", "OSError", "there are no other processes here"),
        ("import os; os.system('ls')", "OSError", "there are no other processes here"),
        ("import os; os.fork()", "OSError", "there are no other processes here"),
        ("import os; os.execv('a', [])", "OSError", "there are no other processes here"),
        ("import threading; threading.Thread(target=print).start()", "RuntimeError",
         "there are no threads here: call one after another, or use asyncio"),
        ("import threading; threading.Timer(1, print).start()", "RuntimeError", "no threads here"),
        ("input('name? ')", "EOFError", "there is no terminal; take data from the event"),
        ("breakpoint()", "RuntimeError", "print() and logging go to the log"),
        ("import ssl", "ModuleNotFoundError", "leave the SSL context out"),
        ("import ctypes", "ModuleNotFoundError", "there is no operating system to ask"),
        ("import multiprocessing", "ModuleNotFoundError", "there is one process"),
        ("from concurrent.futures import ProcessPoolExecutor", "ModuleNotFoundError",
         "or use ThreadPoolExecutor"),
        ("import numpy.linalg", "ModuleNotFoundError",
         "No module named 'numpy': it needs native code; use math, statistics and decimal"),
        ("import pandas as pd", "ModuleNotFoundError", "it needs native code; use csv, statistics"),
        ("import pydantic", "ModuleNotFoundError", "use fastjsonschema, or dataclasses"),
        ("import lxml.etree", "ModuleNotFoundError", "use xml.etree.ElementTree or xmltodict"),
        ("import urllib3", "ModuleNotFoundError", "use requests, urllib.request or context.http"),
        ("import stripe", "ModuleNotFoundError", "call the service's HTTP API with requests"),
        ("from phonenumbers import geocoder", "ModuleNotFoundError", "take too much memory"),
        ("import cgi", "ModuleNotFoundError", "Python has it no more; use html, urllib.parse"),
        ("import asyncio; asyncio.run(asyncio.create_subprocess_exec('ls'))", "OSError",
         "there are no other processes here"),
        ("import asyncio; asyncio.run(asyncio.open_connection('a', 1))", "OSError",
         "there are no sockets here"),
        ("import nothing_known", "ModuleNotFoundError", "No module named 'nothing_known'"),
        ("import json.nothing", "ModuleNotFoundError", "No module named 'json.nothing'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_what_to_do_instead(
    run: Run, statement: str, name: str, words: str
) -> None:
    """It is an error of Python's, which can be caught; the worker goes on."""
    result = run(f"def handler(event):\n    {statement}\n")
    assert (result["outcome"], result["error"]["type"]) == ("raised", name), result["error"]
    assert words in result["error"]["message"]


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').path.exists('/etc')", "__import__('pathlib').Path('a').is_file()",
        "__import__('glob').glob('*')", "list(__import__('os').walk('/'))",
        "__import__('importlib.util').util.find_spec('pandas')", "__import__('shutil').which('ls')",
    ],
)  # fmt: skip
def test_who_only_asks_gets_a_no(run: Run, expression: str) -> None:
    """Programs look before they leap; a look is no mistake."""
    result = run(f"def handler(event):\n    return bool({expression})\n")
    assert result["output"] is False, result["error"]


def test_a_fallback_for_a_missing_module_is_taken(run: Run) -> None:
    """`except ImportError` works as everywhere, and the error names the module."""
    result = run(
        "try:\n    import orjson as json\nexcept ImportError as error:\n    import json\n    M = error.name\n"
        "def handler(event):\n    return [M, json.dumps({})]\n"
    )
    assert result["output"] == ["orjson", "{}"]


def test_what_goes_past_the_words_ends_the_worker_and_no_other(run: Run) -> None:
    """The words are no wall: the component imports no sockets, and reaching for one is a trap."""
    for statement in ("import _socket; _socket.socket()", "import os; os.write(1, b'x')"):
        error = run(f"def handler(event):\n    {statement}\n")["error"]
        assert error["type"] == "Crashed"
    assert run("def handler(event): return 1")["output"] == 1


@pytest.fixture(scope="module")
def inventory(wasm: Sandbox) -> dict[str, Any]:
    """What the guest says of its modules."""
    source = (
        "def handler(event):\n    from guest import catalogue\n    return catalogue.inventory()\n"
    )
    made: dict[str, Any] = wasm.run(harness.a_job(source))["results"][0]["output"]
    return made


def test_every_module_of_the_published_list_can_be_imported(
    run: Run, inventory: dict[str, Any]
) -> None:
    """With all that lies in it: there are no files that something could be missing from."""
    result = run(
        "import importlib, sys\ndef handler(event):\n    bad = {}\n    for name in event:\n"
        "        try:\n            importlib.import_module(name)\n"
        "        except Exception as error:\n            bad[name] = repr(error)\n    return bad\n",
        [*inventory["modules"], *_packed(run)],
        limits={"wall_s": 15.0},
    )
    assert result["output"] == {}, result["error"]


def test_no_module_that_is_said_to_be_missing_can_be_imported(
    run: Run, inventory: dict[str, Any]
) -> None:
    """Advice for what is there would send people away from it."""
    result = run(
        "import importlib\ndef handler(event):\n    there = []\n    for name in event:\n"
        "        try:\n            importlib.import_module(name)\n            there.append(name)\n"
        "        except ImportError:\n            pass\n    return there\n",
        list(inventory["missing"]),
    )
    assert result["output"] == []


def test_the_packages_of_the_published_list_have_versions(inventory: dict[str, Any]) -> None:
    """The locked ones; the standard library has that of Python."""
    versions = inventory["modules"]
    assert inventory["python"] == "3.14.0"
    for name in ("dateutil", "fastjsonschema", "jinja2", "markupsafe", "phonenumbers", "pytz"):
        assert versions[name][0].isdigit()
    assert versions["json"] == ""
    assert {"requests", "penstock", "sqlite3", "asyncio", "unittest"} <= versions.keys()


def _packed(run: Run) -> list[str]:
    """The names of all modules that are kept packed, but for those of one region's numbers."""
    result = run(
        "def handler(event):\n    from guest import store\n"
        "    return [name for name in store.CODE if 'region_' not in name]\n"
    )
    names: list[str] = result["output"]
    return names
