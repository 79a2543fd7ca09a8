"""The sdk by itself: as it is packed into another Python, and with a port that only notes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.build.commands import ROOT
from sandbox import limits
from sandbox.sdk import quotas
from sandbox.sdk.placeholders import PLACEHOLDER, Veil
from sandbox.sdk.requests import charsets, urls
from sandbox.sdk.requests.cookies import RequestsCookieJar
from sandbox.sdk.requests.exceptions import InvalidURL

ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import sdk.context, sdk.http, sdk.outcomes, sdk.requests
names = {name.partition(".")[0] for name in set(sys.modules) - before} - {"sdk"}
print(sorted(names - sys.stdlib_module_names))
print(sorted({"socket", "ssl", "http", "subprocess", "ctypes"} & set(sys.modules)))
"""


def test_it_needs_the_standard_library_alone_and_no_sockets(tmp_path: Path) -> None:
    """It goes into a Python without any other package, and without sockets."""
    shutil.copytree(ROOT / "sandbox" / "sdk", tmp_path / "sdk")
    argv = [sys.executable, "-I", "-S", "-c", ALONE, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


@pytest.mark.parametrize("name", [name for name in vars(quotas) if name.isupper()])
def test_the_parent_and_the_sdk_keep_to_one_number(name: str) -> None:
    """Where the sdk allows more, the parent kills."""
    if name != "MAX_LOG_KEY_CHARS":
        assert getattr(limits, name) == getattr(quotas, name)


def test_a_placeholder_is_one_wherever_it_is_read() -> None:
    """What stands in for it while a URL is quoted is drawn, so that nobody can write it."""
    veil = Veil()
    text = "a {{secret:K}} b {{ secret:L }} {{secret:}} {{nothing}}"
    hidden = veil.hide(text)
    assert PLACEHOLDER.search(hidden) is None
    assert veil.lift(hidden) == "a {{secret:K}} b {{secret:L}} {{secret:}} {{nothing}}"
    assert hidden != Veil().hide(text)


@pytest.mark.parametrize(
    "host", ["fa\u00df.example", "\u03c3\u03c2.example", "a\u200db.example"], ids=ascii
)
def test_a_host_that_two_standards_read_differently_is_refused(host: str) -> None:
    """The wrong reading is somebody else's server."""
    with pytest.raises(InvalidURL, match="xn--"):
        urls.prepare(f"https://{host}/", "", Veil())


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("a=1; Path=/x", {"a": "1"}),
        ("a=1; Domain=.example.com", {"a": "1"}),
        ("a=1; Domain=www.example.com", {"a": "1"}),
        ("a=1; Domain=com", {}),
        ("a=1; Domain=other.com", {}),
        ("a=1; Domain=ww.example.com", {}),
        ("a=1; Max-Age=x", {}),
        ("a=1; Max-Age=-1", {}),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {}),
        ("a=1; Expires=Thu, 01-Jan-70 00:00:00 GMT; Max-Age=60", {"a": "1"}),
        ("a=1; Expires=soon", {"a": "1"}),
        ("a=b=c; Secure", {"a": "b=c"}),
        ("a", {"a": None}),
        ("=b", {}),
        ("", {}),
    ],
)
def test_a_cookie_is_kept_where_it_may_be_set(line: str, kept: dict[str, str | None]) -> None:
    """A cookie for every .com would go to everybody's server."""
    jar = RequestsCookieJar()
    jar.read([line], "https://www.example.com/x/y")
    assert jar.get_dict() == kept


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://www.example.com/x/z", "deep=2; a=1; sub=3"),
        ("https://www.example.com/xy", "a=1; sub=3"),
        ("http://www.example.com/", "a=1"),
        ("https://other.example.com/", "sub=3"),
        ("https://evil-example.com/", None),
        ("https://www.example.com.evil.org/", None),
    ],
)
def test_a_cookie_goes_where_it_belongs(url: str, sent: str | None) -> None:
    """To its host or its domain, to its path, and where it is secure over TLS alone."""
    jar = RequestsCookieJar()
    set_cookies = ["a=1; Path=/", "deep=2; Path=/x", "sub=3; Path=/; Domain=example.com; Secure"]
    jar.read(set_cookies, "https://www.example.com/x")
    assert jar.header(url) == sent


def test_a_charset_that_is_no_charset_reads_as_utf_8() -> None:
    """Python has codecs that are none, and one of them unpacks a bomb."""
    for name in ("zip", "zlib_codec", "hex", "rot13", "idna", "punycode", "unicode_escape", "\x00"):
        assert charsets.known(name) is None
        assert charsets.decode(b"a\\u0041", name) == "a\\u0041"
