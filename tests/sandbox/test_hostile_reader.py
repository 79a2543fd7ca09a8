"""What somebody tried who had read the source, and what it would have given him."""

import gzip
import http.server
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import LOOKUP_THREADS, Resolver
from sandbox import packed
from sandbox.engine_host import Options, _compiled_of
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.limits import MAX_FINDINGS, MAX_FRAME_BYTES, MAX_JSON_NODES
from sandbox.masking import Masker
from sandbox.mediated_http import Mediator, Permit, Refused
from sandbox.wire import ProtocolBroken
from tests.sandbox.broken import ESCAPE, Broken, native_source
from tests.sandbox.harness import LEVELS, a_job, engine_box, need

PATIENCE_S = 20.0
SECRET = "s3cr3t-t0ken-of-the-server"
LATE_S = 0.6  # a busy machine's delay between the wall and the kill


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Each engine."""
    with engine_box(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def wasm() -> Iterator[Sandbox]:
    """The engine in which a function may do with its own Python what it likes."""
    with engine_box(EngineName.WASM) as made:
        yield made


def _one(box: Sandbox, source: str, **changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source, **changes))["results"][0]
    return result


OUR_WORDS = ("TimedOut", "OutOfMemory", "Crashed", "ProtocolViolation", "Refused", "BadEffect")


@pytest.mark.parametrize("name", OUR_WORDS)
def test_no_error_of_a_functions_passes_for_one_of_the_platforms(box: Sandbox, name: str) -> None:
    """`TimedOut` in a record is a statement of ours: of a clock, not of the function's author."""
    source = (
        f"class {name}(Exception):\n    pass\ndef handler(event):\n    raise {name}('forged')\n"
    )
    result = _one(box, source)
    assert (result["outcome"], result["error"]["type"]) == ("raised", "UserError")
    assert result["error"]["message"] == "forged"
    assert result["error"]["traceback"].endswith("UserError: forged")


@pytest.mark.parametrize("name", ["TimedOut", "\uff34imedOut", "RetryError", "DropEvent"])
def test_a_class_that_lies_about_its_module_is_called_a_users_error(
    wasm: Sandbox, name: str
) -> None:
    """Whether a class is the user's is the worker's own word, and a worker may be the user's."""
    source = (
        f"kind = type({name!r}, (Exception,), {{'__module__': 'penstock'}})\n"
        "def handler(event):\n    raise kind('forged')\n"
    )
    result = _one(wasm, source)
    assert (result["outcome"], result["error"]["type"]) == ("raised", "UserError")


def test_the_platforms_own_outcomes_keep_their_names(box: Sandbox) -> None:
    """Those who use them as they are meant are told so."""
    for name, outcome in (("RetryError", "retry"), ("DropEvent", "dropped")):
        source = f"from penstock import {name}\ndef handler(event):\n    raise {name}('x')\n"
        result = _one(box, source)
        assert (result["outcome"], result["error"]["type"]) == (outcome, name)


def test_a_result_of_as_many_parts_as_it_may_have_is_no_violation(box: Sandbox) -> None:
    """The frame around it has parts of its own, and these are not the function's."""
    source = f"def handler(event):\n    return [0] * ({MAX_JSON_NODES} - event)\n"
    job = a_job(source, limits={"wall_s": 5.0})
    result: dict[str, Any] = {}
    for spare in range(1, 40, 3):
        job["events"] = [{"run_id": "run_1", "event": spare, "profile": None}]
        result = box.run(job)["results"][0]
        if result["outcome"] != "returned":
            assert result["error"]["type"] == "InvalidResult", (spare, result["error"])
        else:
            assert len(result["output"]) == MAX_JSON_NODES - spare
    assert result["outcome"] == "returned"


MANY_SECRETS = {f"KEY_{number}": f"{'a' * 3000}{number:02}" for number in range(50)}
MASKED_LONG = {
    "a result of nothing but nearly secrets": "return ''.join(event) + 'a' * 850_000",
    "a hundred thousand short texts": "return [event[0]] + ['abc'] * 100_000",
    "log fields with long names": (
        "context.log('x', **{str(n) + 'a' * 300: n for n in range(300)})\nreturn 1"
    ),
    "long errors": "raise ValueError(event[0] + 'a' * 900_000)",
    "a flood of the log": "while True:\n    context.log('a' * 10_000, field=['a'] * 100)",
}


@pytest.mark.parametrize("act", MASKED_LONG)
def test_masking_does_not_take_the_parent_past_the_wall(box: Sandbox, act: str) -> None:
    """A function may declare fifty secrets of three kilobytes, and nothing ends the parent."""
    body = "".join(f"    {line}\n" for line in MASKED_LONG[act].split("\n"))
    job = a_job(f"def handler(event, context):\n{body}", secrets=MANY_SECRETS)
    job["events"][0]["event"] = list(MANY_SECRETS.values())
    started = time.monotonic()
    result = box.run(job)["results"][0]
    assert time.monotonic() - started < 1.0 + 2 * LATE_S
    assert not any(value in json.dumps(result) for value in MANY_SECRETS.values())


CODE = {"code": "QQ==", "findings": []}
FINDING = {"line": 1, "column": 1, "code": "x", "message": "m"}
NO_ANSWERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "code that is no text": {"code": 5, "findings": []},
    "findings that are no list": {"code": "QQ==", "findings": {}},
    "a finding that is no object": {"code": "QQ==", "findings": [5]},
    "a finding whose message is a number": {"code": "", "findings": [FINDING | {"message": 5}]},
    "a finding whose line is an object": {"code": "", "findings": [FINDING | {"line": {}}]},
    "a finding of no severity": {"code": "", "findings": [FINDING | {"severity": "fine"}]},
    "a finding with a part too many": {"code": "", "findings": [FINDING | {"more": 1}]},
    "more findings than are shown": {"code": "", "findings": [FINDING] * (MAX_FINDINGS + 1)},
    "no code, and no error": {"code": "", "findings": [FINDING | {"severity": "hint"}]},
}


@pytest.mark.parametrize("what", NO_ANSWERS)
def test_a_compile_worker_that_answers_nonsense_is_not_believed(what: str) -> None:
    """A source can be written against the compiler; its answer must not break the host."""
    with pytest.raises(ProtocolBroken):
        _compiled_of(NO_ANSWERS[what])


def test_what_a_compile_worker_answers_is_bounded() -> None:
    """It is kept in the host's memory, and sent to workers in one frame."""
    assert _compiled_of(CODE).code == "QQ=="
    made = _compiled_of({"code": "A" * 3_000_000, "findings": [FINDING | {"message": "m" * 10**6}]})
    assert len(made.code) <= MAX_FRAME_BYTES
    assert made.size < MAX_FRAME_BYTES + 10_000


def test_a_compiler_that_a_source_brings_down_gives_a_finding(wasm: Sandbox) -> None:
    """Nested deep enough, comprehensions write past an array of CPython 3.14's compiler."""
    source = (
        "x = " + "[" * 100 + "1" + " for a in b]" * 100 + "\ndef handler(event):\n    return 1\n"
    )
    [finding] = wasm.check(source)
    assert (finding.severity, finding.code) == ("error", "check_gave_up")
    assert _one(wasm, "def handler(event):\n    return 1\n")["output"] == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("engine", EngineName)
def test_a_crash_under_a_small_limit_is_a_crash(engine: EngineName, level: str) -> None:
    """A worker holds more than that before it has run a line: that is not the function's."""
    need(level)
    limits = {"wall_s": 2.0, "memory_mb": 16}
    if engine is EngineName.WASM:
        source = "import os\ndef handler(event):\n    os._exit(3)\n"
        with Sandbox(Options(level, engine=engine)) as box:
            result = _one(box, source, limits=limits)
    else:
        source = ESCAPE + "def handler(event, profile, context):\n    OS['_exit'](3)\n"
        with Broken(Options(level, engine=engine)) as broken:
            result = _one(broken, source, limits=limits)
    assert (result["outcome"], result["error"]["type"]) == ("raised", "Crashed")


class _HangingNames:
    """A name server that never answers; whoever made it lets it go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.over = threading.Event()

    def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        self.over.wait(PATIENCE_S)
        return []


def test_names_that_hang_hold_few_threads_and_are_the_functions_own_fault() -> None:
    """With every thread hanging the platform was at fault, and the events came again for ever."""
    names = _HangingNames()
    resolver = Resolver(EgressPolicy(), lookup=names)
    mediator = Mediator(Permit(EgressPolicy(hosts=("*",))), Masker({}), resolver=resolver)
    codes = set()
    try:
        for number in range(200):
            call = {"method": "GET", "url": f"https://h{number}.example.com/", "timeout": 0.001}
            with pytest.raises(Refused) as refused:
                mediator.perform(call, remaining_s=1.0)
            codes.add(refused.value.code)
    finally:
        names.over.set()
    assert codes == {"dns_timeout"}
    assert len(names.asked) <= LOOKUP_THREADS // 4


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the header that it was sent, as a header's name and packed as the path says."""

    def do_GET(self) -> None:
        said = self.headers["x-key"]
        body = f"you sent {said}".encode()
        for way in self.path.strip("/").split(","):
            body = PACKERS[way](body)
        self.send_response(200, said)
        self.send_header(said, "x")
        self.send_header("Content-Encoding", self.path.strip("/"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": bytes,
}


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The URL of a server that echoes."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("way", ["identity", "gzip", "x-gzip", "deflate", "deflate,gzip", "br"])
def test_no_echo_of_a_secret_comes_into_the_worker(box: Sandbox, echo: str, way: str) -> None:
    """A server may pack what nobody asked it to pack, and put what it heard into any place."""
    source = (
        "import requests\ndef handler(event):\n"
        "    r = requests.get(event, headers={'x-key': '{{secret:KEY}}'})\n"
        "    told = f'{r.text} {r.reason} {dict(r.headers)}'\n"
        "    return [told, told[::-1]]\n"
    )
    local: dict[str, Any] = {"allow_local_http": True, "http_hosts": ["127.0.0.1"]}
    job = a_job(source, secrets={"KEY": SECRET}, **local)
    job["events"][0]["event"] = f"{echo}/{way}"
    result = box.run(job)["results"][0]
    told, backwards = result["output"]
    assert told.count("[secret]") == 3
    assert SECRET[::-1] not in backwards


def test_a_packed_answer_without_a_secret_stays_as_it_is() -> None:
    """A function that checks a signature over the bytes needs them."""
    body = gzip.compress(b"a" * 1000, 1)
    assert packed.changed(body, "gzip", Masker({"KEY": SECRET}).bytes) == body
    assert packed.changed(b"no gzip", "gzip", bytes.upper) == b"NO GZIP"
    assert packed.changed(_bare(b"x"), "deflate", bytes.upper) == zlib.compress(b"X")
    assert packed.changed(b"x", "", bytes.upper) == b"X"
    with pytest.raises(packed.TooLong):
        packed.changed(gzip.compress(bytes(packed.MAX_UNPACKED_BYTES + 1)), "gzip", bytes.upper)


def test_two_workers_draw_different_numbers_from_sqlite(wasm: Sandbox) -> None:
    """It seeds itself by the clock, to the second, where the system gives it nothing."""
    source = (
        "import sqlite3\ndef handler(event):\n    c = sqlite3.connect(':memory:')\n"
        "    return c.execute('SELECT hex(randomblob(16)), random()').fetchone()\n"
    )
    drawn = [_one(wasm, source)["output"] for _ in range(4)]
    assert len({blob for blob, _ in drawn}) == len({number for _, number in drawn}) == 4


EVIL_ERRORS = {
    "a metaclass that raises": (
        "class M(type):\n    def __getattribute__(cls, name):\n        raise KeyError(name)\n"
        "class X(Exception, metaclass=M):\n    pass\n"
    ),
    "a class that is none": (
        "class X(Exception):\n    @property\n    def __class__(self):\n        raise KeyError(1)\n"
    ),
}


@pytest.mark.parametrize("kind", EVIL_ERRORS)
def test_an_error_that_says_nothing_of_itself_is_told_all_the_same(
    wasm: Sandbox, kind: str
) -> None:
    """A worker that dies of describing an error shows lines of the guest's, and not the user's."""
    result = _one(wasm, EVIL_ERRORS[kind] + "def handler(event):\n    raise X('evil')\n")
    assert (result["outcome"], result["error"]["type"]) == ("raised", "X")
    assert "handler" in result["error"]["traceback"]


TALK = """
one = b'{"op":"log","seq":1,"message":"","fields":{}}'
kept = []
for number in range(60):
    kept.append(b"x" * 5_000_000 + b"y")
    send(len(one).to_bytes(4, "big") + one)
    SYS.modules["time"].sleep(0.005)
OUTPUT = len(kept)
"""


def test_a_worker_that_talks_all_the_time_is_watched_all_the_same() -> None:
    """The parent looked at its memory only while it heard nothing for a while."""
    options = Options("rlimit", allow_weak=True, watch_memory=True, engine="restricted")
    with Broken(options) as box:
        limits = {"wall_s": 10.0, "memory_mb": 32}
        result = _one(box, native_source(TALK), limits=limits)
    assert result["outcome"] == "out_of_memory", result


def test_a_finding_shows_a_line_without_what_steers_a_terminal(box: Sandbox) -> None:
    """Who tries out a stranger's function reads its findings in a terminal."""
    source = "def handler(event):\n\treturn ('\x1b[2J\x1b]0;x\x07' \u202e 1 2\n"
    shown = "".join(finding.message + finding.hint for finding in box.check(source))
    assert shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    made = _compiled_of({"code": "", "findings": [FINDING | {"message": "a\n\tb\x1b\n\t^"}]})
    assert made.findings[0].message == "a\n\tb\ufffd\n\t^"
