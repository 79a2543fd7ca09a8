"""Lists the modules of the component: those that the build imports, and those that it packs."""

from __future__ import annotations

import copy
import importlib
import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from typing import Final

from . import absent, store

PACKAGES: Final = {
    # The name of the module, and of the distribution that it comes from.
    "dateutil": "python-dateutil",
    "fastjsonschema": "fastjsonschema",
    "jinja2": "Jinja2",
    "markupsafe": "MarkupSafe",
    "phonenumbers": "phonenumbers",
    "pytz": "pytz",
    "tzdata": "tzdata",
    "xmltodict": "xmltodict",
    "yaml": "PyYAML",
}

_READY: Final = """
abc annotationlib argparse array ast asyncio base64 binascii bisect calendar cmath codecs
collections collections.abc colorsys concurrent.futures concurrent.futures.thread configparser
contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis
email email.charset email.encoders email.errors email.generator email.header email.headerregistry
email.message email.mime.application email.mime.base email.mime.multipart email.mime.text
email.parser email.policy email.utils
encodings.ascii encodings.base64_codec encodings.cp1252 encodings.cp437 encodings.hex_codec
encodings.idna encodings.iso8859_1 encodings.latin_1 encodings.punycode
encodings.raw_unicode_escape encodings.unicode_escape encodings.utf_16 encodings.utf_16_be
encodings.utf_16_le encodings.utf_8 encodings.utf_8_sig
enum errno fnmatch fractions functools gc getpass gettext glob graphlib gzip hashlib heapq hmac
html html.entities html.parser http http.client http.cookiejar http.cookies importlib
importlib.metadata importlib.resources importlib.util inspect io ipaddress itertools json
json.encoder json.scanner keyword linecache locale logging logging.config logging.handlers math
mimetypes numbers operator optparse os os.path pathlib pickle pkgutil platform plistlib posixpath
pprint queue quopri random re reprlib sched secrets select selectors shlex shutil signal smtplib
socket sqlite3 stat statistics string stringprep struct subprocess symtable sys sysconfig tempfile
textwrap threading time timeit token tokenize tomllib traceback types typing unicodedata
urllib urllib.error urllib.parse urllib.request urllib.response urllib.robotparser
uuid warnings weakref xml xml.dom xml.dom.minidom xml.etree.ElementTree xml.parsers.expat xml.sax
xml.sax.saxutils zipfile zlib zoneinfo
_csv _datetime _decimal _elementtree _json _pickle _pydatetime _pydecimal _strptime _zoneinfo
dateutil dateutil.easter dateutil.parser dateutil.parser.isoparser dateutil.relativedelta
dateutil.rrule dateutil.tz dateutil.utils
fastjsonschema
jinja2 jinja2.debug jinja2.ext jinja2.filters jinja2.meta jinja2.nativetypes jinja2.sandbox
markupsafe markupsafe._native
phonenumbers
pytz pytz.exceptions pytz.reference pytz.tzfile pytz.tzinfo
tzdata xmltodict yaml
"""
# Modules that cannot work here, or that only serve to build and test programs.
_LEFT_OUT: Final = """
__phello__ __hello__ _aix_support _android_support _apple_support _ios_support _osx_support
_pyrepl.fancy_termios _pyrepl.main _pyrepl.readline _pyrepl.simple_interact _pyrepl.unix_console
_pyrepl.unix_eventqueue _pyrepl.windows_console _pyrepl.windows_eventqueue
_sysconfigdata_ antigravity asyncio.tools asyncio.windows_events asyncio.windows_utils bdb bz2
compileall compression.bz2 compression.lzma compression.zstd concurrent.futures.interpreter
concurrent.futures.process concurrent.interpreters ctypes curses dateutil.tz.win dateutil.tzwin
dbm.gnu dbm.ndbm doctest encodings.bz2_codec encodings.mbcs encodings.oem ensurepip idlelib lib2to3
lzma msilib multiprocessing pdb pty py_compile pydoc_data site sitecustomize sre_compile
sre_constants sre_parse ssl test tkinter tty turtle turtledemo usercustomize venv yaml.cyaml zipapp
zipimport
"""
# Once imported, the names of places take a hundred megabytes. Those of carriers would make the
# component a third larger.
_HEAVY: Final = (
    "phonenumbers.geodata phonenumbers.geocoder phonenumbers.carrierdata phonenumbers.carrier"
)

VERSIONS: Final[dict[str, str]] = {}


def load() -> None:
    """Import the modules that are used often, and pack the others. Call it at build time."""
    # It packs first: to compile takes more memory than anything else, and the modules that are
    # imported afterwards use the memory that this has freed.
    ready = frozenset(_READY.split())
    leave_out = frozenset(f"{_LEFT_OUT} {_HEAVY}".split())
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        places = spec.submodule_search_locations if spec else None
        for place in places or ():
            store.collect(Path(place), prefix=f"{name}.", leave_out=leave_out, ready=ready)
    store.collect(Path(copy.__file__).parent, prefix="", leave_out=leave_out, ready=ready)
    for name in sorted(ready):
        importlib.import_module(name)
    store.forget_imported()
    VERSIONS.update({name: importlib.metadata.version(of) for name, of in PACKAGES.items()})


def modules() -> dict[str, str]:
    """The top modules that a function may import, with their versions; empty for Python's own."""
    top = {
        name.partition(".")[0] for name in {*sys.modules, *store.CODE, *sys.builtin_module_names}
    }
    own = {"guest", "sdk", "wit_world", "function", "site", "componentize_py_runtime"}
    public = (
        name for name in top if not name.startswith(("_", "componentize_py")) and name not in own
    )
    published_names = sys.stdlib_module_names | VERSIONS.keys() | {"requests", "penstock"}
    return {name: VERSIONS.get(name, "") for name in sorted(public) if name in published_names}


def inventory() -> dict[str, object]:
    """What the published list of modules is generated from."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, "modules": modules(), "missing": dict(sorted(absent.MISSING.items()))}
