"""http, secrets, emits, logs and profile changes, mediated by the parent."""
# ruff: noqa: E501 - programs are clearest on a line each

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runtime.egress.policy import EgressPolicy
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.masking import Masker
from sandbox.mediated_http import Mediator, Permit, Refused, check_url
from tests.sandbox.harness import CANARY, a_job


class Receiver(BaseHTTPRequestHandler):
    """Echoes what it was sent."""

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        if self.path.startswith("/redirect"):
            self.send_response(302)
            self.send_header("location", "http://169.254.169.254/")
            self.end_headers()
            return
        if self.path.startswith("/large"):
            text = b"x" * 1_100_000
        elif self.path.startswith("/pins"):
            text = b"pins" * 245_000
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = {"path": self.path, "method": self.command, "headers": headers, "body": body}
            text = json.dumps(seen).encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A receiver on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _run(box: Sandbox, body: str, **changes: Any) -> dict[str, Any]:
    lines = "".join(f"    {line}\n" for line in body.strip().split("\n"))
    source = "import requests\ndef handler(event, profile, context):\n" + lines
    result: dict[str, Any] = box.run(a_job(source, **changes))["results"][0]
    return result


def _local(**changes: Any) -> dict[str, Any]:
    return {"allow_local_http": True, "http_hosts": ["127.0.0.1"], **changes}


def test_a_secret_is_filled_in_outside_and_its_echo_is_masked(box: Sandbox, origin: str) -> None:
    """The value must never enter the worker, not even by way of a receiver that echoes."""
    body = f"""
r = context.http.post("{origin}/a?k={{{{secret:api_key}}}}", json={{"k": "{{{{secret:api_key}}}}"}},
                      headers={{"Authorization": "Bearer {{{{secret:api_key}}}}"}})
return r.json()
"""
    result = _run(box, body, **_local())
    assert result["outcome"] == "returned", result
    assert result["output"]["headers"]["authorization"] == "Bearer [secret]"
    assert result["output"]["path"] == "/a?k=[secret]"
    assert json.loads(result["output"]["body"]) == {"k": "[secret]"}
    assert result["effects"][0] == {
        "op": "http", "method": "POST", "url": f"{origin}/a?k={{{{secret:api_key}}}}", "status": 200,
    }  # fmt: skip
    assert CANARY not in json.dumps(result)


def test_an_answer_that_is_full_of_a_short_secret_is_no_longer_for_its_masks(
    box: Sandbox, origin: str
) -> None:
    """Twice as long it would not fit the frame to the worker, and the function would be blamed."""
    result = _run(
        box, f'return len(context.http.get("{origin}/pins").text)', **_local(secrets={"P": "pins"})
    )
    assert (result["outcome"], result["output"]) == ("returned", 980_000), result["error"]


def test_the_requests_look_alike_runs_a_common_recipe(box: Sandbox, origin: str) -> None:
    """Recipes written for other platforms should run unchanged."""
    body = f"""
r = requests.post("{origin}/x", data={{"a": 1, "b": "ä"}}, params={{"q": "1 2"}}, timeout=5, auth=("u", "p"))
r.raise_for_status()
seen = r.json()
try:
    requests.get("{origin}/missing").raise_for_status()
except requests.exceptions.HTTPError as e:
    missing = [str(e.response.status_code), e.response.ok, bool(e.response)]
bad = ""
try:
    requests.get("https://not-listed.example.com/")
except requests.exceptions.RequestException as e:
    bad = type(e).__name__
return [r.status_code, r.ok, seen["path"], seen["body"], seen["headers"]["authorization"],
        r.headers["Content-Type"], missing, bad, requests.get("{origin}/redirect").status_code]
"""
    result = _run(box, body, **_local())
    assert result["output"] == [
        200, True, "/x?q=1+2", "a=1&b=%C3%A4", "Basic dTpw", "application/json",
        ["404", False, False], "InvalidURL", 302,
    ], result  # fmt: skip


def test_the_eleventh_call_is_refused_and_too_large_an_answer_too(
    box: Sandbox, origin: str
) -> None:
    """Quotas hold whatever the function catches."""
    body = f"""
out = []
for n in range(12):
    try:
        out.append(context.http.get("{origin}/" + ("large" if n == 0 else "")).status)
    except Exception as e:
        out.append(str(e)[:10])
return out
"""
    result = _run(box, body, **_local())
    assert result["output"] == ["the answer", *[200] * 9, "no more th", "no more th"]
    assert sum(effect["op"] == "http" for effect in result["effects"]) == 10


def test_each_call_that_is_tried_is_listed_with_how_it_ended(box: Sandbox, origin: str) -> None:
    """Who looks at a slow or failed run asks first whom it called, and what came back."""
    body = f"""
context.http.post("{origin}/orders?email=ada@example.com", json={{"name": "ada"}})
requests.get("{origin}/missing#part")
for url in ("https://not-listed.example.com/a", "https://ada:pw@127.0.0.1/b", "/c"):
    try:
        context.http.get(url)
    except Exception:
        pass
"""
    result = _run(box, body, **_local())
    host = origin.removeprefix("http://")
    times = [call.pop("ms") for call in result["http"]]

    assert result["http"] == [
        {"method": "POST", "host": host, "path": "/orders", "status": 200, "error": None},
        {"method": "GET", "host": host, "path": "/missing", "status": 404, "error": None},
        {"method": "GET", "host": "not-listed.example.com", "path": "/a", "status": None, "error": "host_not_allowed"},
        {"method": "GET", "host": "127.0.0.1", "path": "/b", "status": None, "error": "url_userinfo"},
        {"method": "GET", "host": "", "path": "/c", "status": None, "error": "url_invalid"},
    ]  # fmt: skip
    assert all(0 < ms < result["duration_ms"] for ms in times)


def test_a_call_beyond_the_quota_is_not_listed(box: Sandbox, origin: str) -> None:
    """The list is as long as the quota, whatever the function tries."""
    body = f"""
for n in range(4):
    try:
        context.http.get("{origin}/")
    except Exception:
        pass
"""
    result = _run(box, body, **_local(limits={"wall_s": 2, "http_calls": 3}))
    assert 3 == len(result["http"])


def test_the_list_of_calls_shows_no_secret(box: Sandbox, origin: str) -> None:
    """A key may stand in a path, filled in outside or by the function, and may hold a `?`."""
    body = f"""
context.http.get("{origin}/a/{{{{secret:KEY}}}}/x")
context.http.get("{origin}/b/" + context.secret("KEY") + "/x")
"""
    result = _run(box, body, **_local(secrets={"KEY": "open?sesame"}))
    assert ["/a/{{secret:KEY}}/x", "/b/[secret]/x"] == [call["path"] for call in result["http"]]


def test_effects_come_in_order_and_plain(box: Sandbox) -> None:
    """What a run asks for is applied as it was asked."""
    body = """
context.emit("metric.a", {"n": 1})
context.profile.set({"tier": "gold"}, seen=True)
context.profile.unset("old")
context.deliver("wh_1", {"x": [1]})
return [context.profile.data, profile["email"], context.function, context.deadline_ms > 0]
"""
    event = {
        "run_id": "r",
        "event": {},
        "profile": {"id": "p", "email": "e", "properties": {"t": 1}},
    }
    job = a_job("def handler(event, profile, context):" + body.replace("\n", "\n    "))
    result = box.run({**job, "events": [event]})["results"][0]
    assert result["output"] == [{"t": 1}, "e", "f", True], result
    assert result["effects"] == [
        {"op": "emit", "topic": "metric.a", "properties": {"n": 1}},
        {"op": "profile", "set": {"tier": "gold", "seen": True}, "unset": []},
        {"op": "profile", "set": {}, "unset": ["old"]},
        {"op": "deliver", "webhook": "wh_1", "payload": {"x": [1]}},
    ]


def test_a_delivery_to_a_webhook_that_is_not_listed_raises(box: Sandbox) -> None:
    """Where the caller names the webhooks, others do not exist."""
    result = _run(box, 'context.deliver("wh_2", 1)', webhooks=["wh_1"])
    assert result["error"]["type"] == "ValueError"


def test_typed_outcomes_are_recognised_by_class(box: Sandbox) -> None:
    """A retry must not be claimed by a name."""
    for raised, outcome in (
        ("RetryError", "retry"), ("DropEvent", "dropped"), ("EventNotSupported", "dropped"),
        ("ValidationError", "raised"),
    ):  # fmt: skip
        body = f"from penstock import {raised}\nraise {raised}('why')"
        result = _run(box, body)
        assert (result["outcome"], result["error"]["type"]) == (outcome, raised)
        assert result["error"]["message"] == "why"


def test_the_traceback_shows_own_lines_only(box: Sandbox) -> None:
    """A developer needs his line, and nobody needs ours."""
    source = "import json\ndef inner(x):\n    return json.loads(x)\ndef handler(event):\n    return inner('{')\n"
    error = box.run(a_job(source))["results"][0]["error"]
    assert error["type"] == "JSONDecodeError"
    assert error["traceback"].startswith(
        "Traceback (most recent call last):\n"
        "  File \"function.py\", line 5, in handler\n    return inner('{')\n"
        '  File "function.py", line 3, in inner\n    return json.loads(x)\n'
        "JSONDecodeError: "
    )


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "https://", "http://example.com/", "https://example.com:8443/", "https://1.2.3.4/",
        "https://[::1]/", "https://user@example.com/", "https://example.com\\@evil/", "https://a/",
        "https://exa mple.com/", "https://example.com/\n", "https://ex%61mple.com/", "https://1.1/",
        "https://0x7f.1/", "https://-a.example.com/", "ftp://example.com/",
        "https://svc.cluster.local/", "https://metadata.google.internal/", "//example.com/",
        "https://exämple.com/", "https://example.com:99999/", "javascript:alert(1)",
        "https://localhost/", "https://127.0.0.1.nip.io:22/",
    ],
)  # fmt: skip
def test_a_url_that_is_not_plainly_public_is_refused(url: str) -> None:
    """The guard below checks again; what is refused here never reaches a resolver."""
    with pytest.raises(Refused):
        check_url(url, EgressPolicy(hosts=("*",)))


def test_hosts_are_allowed_by_name_by_wildcard_or_all() -> None:
    """An allow-list that is too clever allows too much."""
    assert (
        check_url("https://API.example.com/x", EgressPolicy(hosts=("api.example.com",)))
        == "api.example.com"
    )
    assert check_url("https://a.b.example.com/x", EgressPolicy(hosts=("*.example.com",)))
    assert check_url("https://any.example.org/", EgressPolicy(hosts=("*",)))
    for hosts in ((), ("example.com",), ("*.api.example.com",), ("xapi.example.com",)):
        with pytest.raises(Refused, match="http_hosts"):
            check_url("https://api.example.com/", EgressPolicy(hosts=hosts))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"headers": {"Host": "x"}}, "header_reserved"),
        ({"headers": {"a": "b\r\nc: d"}}, "header_invalid"),
        ({"headers": {"X-Amz-Date": "x"}}, "header_reserved"),
        ({"headers": [1]}, "header_invalid"),
        ({"method": "TRACE"}, "method_invalid"),
        ({"params": [1]}, "request_invalid"),
        ({"data": {"form": "x"}}, "url_invalid"),
        ({"json": "x" * 300_000}, "body_too_large"),
        ({"headers": {"a": "{{secret:other}}"}}, "secret_not_declared"),
        ({"params": {"a": "{{secret:other}}"}}, "secret_not_declared"),
        ({"params": [["a", ["{{secret:other}}"]]]}, "secret_not_declared"),
        ({"url": "https://a.example.com/{{secret:other}}"}, "secret_not_declared"),
        ({"json": {"a": ["{{secret:other}}"]}}, "secret_not_declared"),
        ({"data": {"form": {"a": "{{secret:other}}"}}}, "secret_not_declared"),
        ({"data": {"text": "{{ secret:other }}"}}, "secret_not_declared"),
        ({"basic": ["u", "{{secret:other}}"]}, "secret_not_declared"),
        ({"basic": 1}, "request_invalid"),
        ({"basic": ["a"]}, "request_invalid"),
        ({"timeouts": [1]}, "request_invalid"),
        ({"headers": {"a": "\u20ac"}}, "header_invalid"),
        ({"data": {"base64": "{"}}, "body_invalid"),
        (
            {"headers": {"a": "{{secret:k}}"}, "url": "https://b.example.org/"},
            "secret_host_not_listed",
        ),
        ({"url": "https://{{secret:k}}.example.com/"}, "url_invalid"),
    ],
)
def test_a_request_that_may_not_be_is_refused_with_its_code(
    message: dict[str, Any], code: str
) -> None:
    """Nothing of it may reach the network."""
    permit = Permit(EgressPolicy(hosts=("a.example.com", "*.example.com", "*")))
    mediator = Mediator(permit, Masker({"k": "value-of-k"}))
    whole = {"method": "GET", "url": "https://a.example.com/", **message}
    with pytest.raises(Refused) as refused:
        mediator.perform(whole, remaining_s=1.0)
    assert refused.value.code == code
