"""The standard library's own clients of HTTP, over the call that the parent performs.

Each program runs here and in the guest, against one server: it must see the same, and so must the
server.
"""

# ruff: noqa: E501 - programs and rows of tables are one line
import gc
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.requests_origin import Origin, running
from tests.sandbox.wasm.conftest import Run

PROGRAMS = {
    "get": """
with urllib.request.urlopen(URL + "/echo?a=1&b=%20") as answer:
    out = [answer.status, answer.reason, json.load(answer)["path"], answer.headers["Content-Type"],
           answer.url == URL + "/echo?a=1&b=%20", answer.getcode()]
""",
    "post": """
request = urllib.request.Request(URL + "/echo", data=b"caf\\xc3\\xa9", headers={"X-Own": "1"})
out = [request.get_method(), json.load(urllib.request.urlopen(request, timeout=5))["body"]]
""",
    "form and method": """
data = urllib.parse.urlencode({"a": "b c"}).encode()
request = urllib.request.Request(URL + "/echo", data=data, method="PUT")
seen = json.load(urllib.request.urlopen(request))
out = [seen["method"], seen["body"], seen["headers"]["content-type"]]
""",
    "binary body": """
request = urllib.request.Request(URL + "/echo", data=bytes(range(256)), method="POST")
request.add_header("Content-Type", "application/octet-stream")
out = json.load(urllib.request.urlopen(request))["body"].encode("latin-1").hex()
""",
    "error": """
try:
    urllib.request.urlopen(URL + "/teapot")
except urllib.error.HTTPError as error:
    out = [error.code, error.reason, json.load(error)["path"], str(error), error.url == URL + "/teapot"]
""",
    "redirect": """
answer = urllib.request.urlopen(URL + "/redirect")
out = [answer.status, answer.url == URL + "/twice", answer.headers.get_all("X-Twice")]
""",
    "handlers": """
class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None
jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPCookieProcessor(jar))
opener.addheaders = [("User-Agent", "own/1.0")]
opener.open(URL + "/login")
try:
    opener.open(URL + "/moved")
except urllib.error.HTTPError as error:
    out = [error.code, error.read().decode(), sorted(cookie.name for cookie in jar)]
""",
    "packed": """
answer = urllib.request.urlopen(URL + "/gzip")
out = [answer.headers["Content-Encoding"], gzip.decompress(answer.read()).decode()]
""",
    "http.client": """
connection = http.client.HTTPConnection(HOST, PORT, timeout=5)
out = []
for method, path, body in (("POST", "/echo", '{"a": "e"}'), ("GET", "/missing", None), ("HEAD", "/echo", None)):
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    out.append([answer.status, answer.reason, answer.getheader("content-type"), len(text) > 0,
                answer.isclosed()])
connection.close()
""",
    "http.client in steps": """
connection = http.client.HTTPConnection(HOST, PORT)
connection.putrequest("POST", "/echo")
connection.putheader("Content-Length", "6")
connection.putheader("X-Own", "yes")
connection.endheaders()
connection.send(b"abc")
connection.send(b"def")
seen = json.loads(connection.getresponse().read())
out = [seen["body"], seen["headers"]]
""",
    "read in parts": """
answer = urllib.request.urlopen(URL + "/lines")
out = [answer.read(4).decode(), answer.readline().decode(), [line.decode() for line in answer]]
""",
    "nobody there": """
try:
    urllib.request.urlopen("http://127.0.0.1:1/", timeout=2)
except urllib.error.URLError as error:
    out = [type(error).__name__, isinstance(error.reason, OSError)]
""",
    "too slow": """
try:
    urllib.request.urlopen(URL + "/slow", timeout=0.2)
except OSError as error:
    out = isinstance(error, TimeoutError) or isinstance(error.reason, TimeoutError)
""",
    "xmlrpc": """
import xmlrpc.client
try:
    xmlrpc.client.ServerProxy(URL + "/missing").call(1)
except xmlrpc.client.ProtocolError as error:
    out = [error.errcode, error.errmsg]
""",
}  # fmt: skip
HEAD = """
import gzip, http.client, http.cookiejar, json, urllib.error, urllib.parse, urllib.request
def handler(event):
    URL, HOST, PORT = event["url"], event["host"], event["port"]
"""


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """A server on loopback."""
    with running() as made:
        yield made


def source_of(program: str) -> str:
    """The program as the body of a handler."""
    lines = program.strip("\n").split("\n")
    return HEAD + "".join(f"    {line}\n" for line in lines) + "    return out\n"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_clients_of_the_standard_library_behave_as_over_sockets(
    origin: Origin, run: Run, name: str
) -> None:
    """What people write with urllib and http.client works as it is."""
    source = source_of(PROGRAMS[name])
    host, port = origin.url.removeprefix("http://").split(":")
    event = {"url": origin.url, "host": host, "port": int(port)}

    def here() -> Any:
        namespace: dict[str, Any] = {}
        with warnings.catch_warnings():
            # People's programs leave it to the collector to close what they have opened.
            warnings.simplefilter("ignore", ResourceWarning)
            exec(source, namespace)  # noqa: S102 - a program of this file
            made = namespace.pop("handler")(event)
            gc.collect()
        return made

    def there() -> Any:
        options: dict[str, Any] = {"allow_local_http": True, "http_hosts": ["127.0.0.1"]}
        result = run(source, event, limits={"wall_s": 10.0}, **options)
        assert result["outcome"] == "returned", result["error"]
        return result["output"]

    wanted, sent_here = origin.during(here)
    made, sent_there = origin.during(there)
    assert made == wanted
    assert sent_there == sent_here


def test_a_host_that_is_not_listed_is_an_error_of_the_network(run: Run) -> None:
    """So that it meets the handlers that programs have for a server that is not there."""
    result = run(
        source_of('urllib.request.urlopen("https://other.example.com/")\nout = 1'),
        {"url": "", "host": "", "port": 1},
    )
    assert result["error"]["type"] == "URLError"
    assert "is not among the allowed hosts" in result["error"]["message"]


def test_a_secret_that_a_body_or_header_names_is_filled_in_by_the_parent(
    origin: Origin, run: Run
) -> None:
    """User code need not hold it."""
    program = """
request = urllib.request.Request(URL + "/echo", b"key={{secret:T}}", {"Authorization": "Bearer {{secret:T}}"})
urllib.request.urlopen(request)
out = 1
"""
    host, port = origin.url.removeprefix("http://").split(":")
    event = {"url": origin.url, "host": host, "port": int(port)}
    _, sent = origin.during(
        lambda: run(
            source_of(program),
            event,
            allow_local_http=True,
            http_hosts=["127.0.0.1"],
            secrets={"T": "tok_5f3a9c51"},
        )
    )
    assert sent[0]["body"] == "key=tok_5f3a9c51"
    assert sent[0]["headers"]["authorization"] == "Bearer tok_5f3a9c51"


def test_a_body_that_is_sent_in_chunks_arrives_whole(origin: Origin, run: Run) -> None:
    """The server of these tests reads no chunks, and need not: the parent says how long it is."""
    program = """
connection = http.client.HTTPConnection(HOST, PORT)
connection.request("POST", "/echo", body=iter([b"abc", b"defg"]))
out = json.loads(connection.getresponse().read())["body"]
"""
    host, port = origin.url.removeprefix("http://").split(":")
    event = {"url": origin.url, "host": host, "port": int(port)}
    result = run(source_of(program), event, allow_local_http=True, http_hosts=["127.0.0.1"])
    assert result["output"] == "abcdefg", result["error"]
