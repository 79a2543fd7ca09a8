"""The sandbox's `requests` beside the real one, on one server, at each engine that there is."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from runtime.egress.exchange import USER_AGENT
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.sdk import requests as own
from tests.sandbox.harness import CANARY, a_job, engine_box
from tests.sandbox.requests_origin import Origin, running
from tests.sandbox.requests_snippets import SNIPPETS


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """A server on loopback."""
    with running() as made:
        yield made


@pytest.fixture(scope="module", params=list(EngineName))
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox for each engine."""
    with engine_box(request.param) as made:
        yield made


def _source(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"import requests\ndef handler(event):\n    o = event['o']\n{lines}"


def _on_host(source: str, origin: Origin) -> Any:
    namespace: dict[str, Any] = {"__name__": "function"}
    exec(source, namespace)  # noqa: S102 - a program of ours
    # As an answer is: tuples are lists on the wire.
    return json.loads(json.dumps(namespace["handler"]({"o": origin.url})))


def _in_sandbox(box: Sandbox, source: str, origin: Origin, **changes: Any) -> dict[str, Any]:
    job = a_job(source, allow_local_http=True, http_hosts=["127.0.0.1"]) | changes
    job["limits"] = {"wall_s": 5.0}
    job["events"] = [{"run_id": "r", "event": {"o": origin.url}, "profile": None}]
    result: dict[str, Any] = box.run(job)["results"][0]
    return result


def _both(
    box: Sandbox, source: str, origin: Origin, **changes: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result in the sandbox, and what the server was sent."""
    return origin.during(lambda: _in_sandbox(box, source, origin, **changes))


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_program_sees_and_sends_what_it_would_with_the_real_requests(
    box: Sandbox, origin: Origin, name: str
) -> None:
    """A program that was written elsewhere must not have to be written anew."""
    source = _source(SNIPPETS[name])
    expected, expected_seen = origin.during(lambda: _on_host(source, origin))
    result, seen = _both(box, source, origin)
    assert result["outcome"] == "returned", result["error"]
    assert result["output"] == expected
    assert seen == expected_seen


REFUSED = {
    "files=": "requests.post(o, files={'f': b'x'})",
    "stream=True": "requests.get(o, stream=True)",
    "proxies=": "requests.get(o, proxies={'https': 'http://127.0.0.1:1'})",
    "cert=": "requests.get(o, cert='/a.pem')",
    "verify=": "requests.get(o, verify='/ca.pem')",
    "Session.mount": "requests.Session().mount('https://', None)",
    "Session.get_adapter": "requests.Session().get_adapter(o)",
    "requests.adapters.HTTPAdapter": "requests.adapters.HTTPAdapter(max_retries=3)",
    "requests.auth.HTTPDigestAuth": "requests.auth.HTTPDigestAuth('u', 'p')",
    "a generator": "requests.post(o, data=(x for x in [b'a']))",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_there_is_not_is_refused_by_its_name(box: Sandbox, origin: Origin, name: str) -> None:
    """Silence would be a wrong answer, and another error would be a riddle."""
    result, seen = _both(box, _source(REFUSED[name]), origin)
    assert result["error"]["type"] == "NotImplementedError", result
    assert name in result["error"]["message"]
    assert seen == []


def test_a_redirect_is_handed_back_and_not_followed(box: Sandbox, origin: Origin) -> None:
    """Where a redirect leads is the server's choice, and no list of hosts was asked."""
    body = """
r = requests.get(o + "/redirect")
return [r.status_code, r.headers["location"], r.is_redirect]
"""
    result = _in_sandbox(box, _source(body.strip()), origin)
    assert result["output"] == [302, "/twice", True]


def test_a_host_that_is_not_listed_is_out_of_reach(box: Sandbox, origin: Origin) -> None:
    """Programs written elsewhere expect that of a wall between networks."""
    body = """
out = []
for kind in (requests.exceptions.ConnectionError, requests.exceptions.InvalidURL):
    try:
        requests.get("https://not-listed.example.com/", timeout=5)
    except kind as e:
        out.append([e.code, e.request.url, "http_hosts" in str(e)])
return out
"""
    result = _in_sandbox(box, _source(body.strip()), origin)
    whole = ["host_not_allowed", "https://not-listed.example.com/", True]
    assert result["output"] == [whole, whole]


SECRET = "{{secret:api_key}}"


def test_secrets_are_filled_in_wherever_they_are_sent(box: Sandbox, origin: Origin) -> None:
    """Quoting must not make a placeholder into text, nor a secret into something else."""
    body = f"""
s = requests.Session()
s.headers["X-Key"] = "k {SECRET}"
r = s.post(o + "/a b/{SECRET}?q={SECRET} x", params={{"p": "ä{SECRET}"}}, json={{"j": "{SECRET}"}})
form = s.post(o + "/echo", data={{"f": "{SECRET}&"}}, auth=("user", "{SECRET}"))
text = s.post(o + "/echo", data="t {SECRET}")
return [r.url[len(o):], r.request.body.decode(), form.request.body, text.request.body]
"""
    secrets = {"api_key": "s/1 &ü="}
    result, seen = _both(box, _source(body.strip()), origin, secrets=secrets)
    assert result["outcome"] == "returned", result["error"]
    quoted = "s/1%20%26%C3%BC%3D"
    assert seen[0]["path"] == f"/a%20b/{quoted}?q={quoted}%20x&p=%C3%A4{quoted}"
    assert seen[0]["headers"]["x-key"] == "k s/1 &ü="
    assert seen[0]["body"] == '{"j": "s/1 &\\u00fc="}'
    assert seen[1]["body"] == "f=s%2F1+%26%C3%BC%3D%26"
    assert seen[1]["headers"]["authorization"] == "Basic dXNlcjpzLzEgJvw9"
    assert seen[2]["body"] == "t s/1 &\u00c3\u00bc="
    assert result["output"] == [
        f"/a%20b/{SECRET}?q={SECRET}%20x&p=%C3%A4{SECRET}",
        f'{{"j": "{SECRET}"}}',
        f"f={SECRET}%26",
        f"t {SECRET}",
    ]


WHERE = {
    "params": "params={'a': ['x', '{{secret:nope}}']}",
    "pairs of params": "params=[('a', '{{secret:nope}}')]",
    "text of params": "params='a={{ secret:nope }}'",
    "json": "json={'a': [{'b': '{{secret:nope}}'}]}",
    "a form": "data={'a': '{{secret:nope}}'}",
    "text": "data='{{secret:nope}}'",
    "a header": "headers={'X': '{{secret:nope}}'}",
    "user and password": "auth=('{{secret:nope}}', '')",
}


@pytest.mark.parametrize("place", WHERE)
def test_a_secret_that_is_not_declared_is_the_functions_error(
    box: Sandbox, origin: Origin, place: str
) -> None:
    """A fault of the platform's would have the event tried again for ever."""
    calls = [f"requests.post(o + '/echo', {WHERE[place]})"]
    if place not in {"user and password", "text of params"}:
        calls.append(f"context.http.post(o + '/echo', {WHERE[place]})")
    for call in calls:
        body = f"try:\n    {call}\nexcept Exception as e:\n    return [e.code, str(e)]"
        source = _source(body).replace("handler(event)", "handler(event, context)")
        result, seen = _both(box, source, origin)
        assert result["output"][0] == "secret_not_declared", result
        assert "nope" in result["output"][1]
        assert seen == []


def test_a_secret_in_a_login_is_masked_in_what_comes_back(box: Sandbox, origin: Origin) -> None:
    """A server that echoes the header would bring the secret into the worker otherwise."""
    body = f"return requests.get(o + '/echo', auth=('u', '{SECRET}')).json()['headers']"
    result, seen = _both(box, _source(body), origin)
    assert "[secret]" in result["output"]["authorization"]
    assert CANARY not in json.dumps(result)
    assert "[secret]" not in seen[0]["headers"]["authorization"]


def test_its_functions_take_what_those_of_the_real_one_take() -> None:
    """An argument by position that means something else would be a silent mistake."""
    for kind, name in (
        (requests.Session, "request"), (requests.Session, "get"), (requests.Session, "post"),
        (requests.Session, "put"), (requests.Request, "__init__"),
        (requests.PreparedRequest, "prepare"), (requests.Response, "iter_content"),
        (requests.Response, "iter_lines"),
    ):  # fmt: skip
        theirs = inspect.signature(getattr(kind, name)).parameters
        ours = inspect.signature(getattr(getattr(own, kind.__name__), name)).parameters
        assert list(theirs) == list(ours), name
        assert [p.kind for p in theirs.values()] == [p.kind for p in ours.values()], name


def test_it_offers_every_name_of_the_real_one() -> None:
    """What programs import must be there, or be refused by its name."""
    assert set(requests.__all__) - set(own.__all__) == {"packages", "utils"}
    exceptions = {
        name
        for name, kind in vars(requests.exceptions).items()
        if isinstance(kind, type) and kind.__module__ == "requests.exceptions"
    }
    assert exceptions == set(own.exceptions.__all__)
    assert vars(own.codes) == vars(requests.codes)


def test_calls_say_who_makes_them() -> None:
    """One name for one client, whichever way a call is made."""
    assert own.utils.USER_AGENT == USER_AGENT
