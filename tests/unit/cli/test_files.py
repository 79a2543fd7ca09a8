"""The files that commands read, as editors, shells and exports have written them."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli import _files, functions_test
from cli._errors import WrongUsage
from examples.orders.events import read_orders
from runtime.core.webhooks import signing
from tests.unit.cli.conftest import Command

MARK = b"\xef\xbb\xbf"  # the byte order mark in UTF-8, which Windows puts before a text
EVENT = {"topic": "metric.x", "properties": {"name": "two\u2028lines"}}
BODY = '{"type":"metric.x","data":{"name":"Ærø"}}'
SECRET = signing.new_secret(bytes(32))


def line(document: object) -> str:
    """A document as one line of JSON, with its own characters and not their escapes."""
    return json.dumps(document, ensure_ascii=False)


def as_stdin(raw: bytes) -> str:
    """These bytes, as the command fixture takes its standard input."""
    return raw.decode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (MARK + line(EVENT).encode(), 1),
        (MARK + json.dumps([EVENT], indent=2).replace("\n", "\r\n").encode(), 1),
        (MARK + f"{line(EVENT)}\r\n\r\n{line(EVENT)}\r\n".encode(), 2),
        ((MARK + line(EVENT).encode() + b"\n") * 3, 3),
        (f"{line(EVENT)}\n{line(EVENT)}\n".encode(), 2),
    ],
    ids=["one", "CRLF", "JSON lines", "joined files", "U+2028 in a text"],
)
def test_events_are_read_however_their_file_was_written(
    penstock: Command, raw: bytes, events: int
) -> None:
    """The API takes them; that a file comes from Windows is no fault of its events."""
    sent = penstock("events", "send", "-", "--json", stdin=as_stdin(raw))

    assert (0, events) == (sent.code, len(sent.json["accepted"]))


@pytest.mark.parametrize("engine", ["wasm", "restricted"])
def test_a_function_is_tested_with_files_that_windows_has_written(
    penstock: Command, engine: str
) -> None:
    """Source, settings, event and profile: all four, for one editor writes all four."""
    files = {
        "echo.py": "def handler(event, profile, context):\n"
        "    return [event['n'], profile['id'], context.secret('TOKEN')]\n",
        "penstock.toml": '[function]\nsecrets = ["TOKEN"]\n[secrets]\nTOKEN = "x"\n',
        "event.json": '{\n"n": 1\n}\n',
        "profile.json": '{\n"id": "p"\n}\n',
    }
    for name, text in files.items():
        (penstock.folder / name).write_bytes(MARK + text.replace("\n", "\r\n").encode())

    ran = functions_test.run_file(
        penstock.folder / "echo.py",
        event=_files.read_json(penstock.folder / "event.json"),
        profile=_files.read_json(penstock.folder / "profile.json"),
        engine=engine,
    )

    assert ("returned", [1, "p", "x"]) == (ran["outcome"], ran["output"])


def test_a_batch_is_read_with_marks_and_either_kind_of_line_end(tmp_path: Path) -> None:
    """A file of cases is an export like any other."""
    case = line({"id": 1, "code": "def handler(event):\r\n    return event", "event": {"n": 1}})
    file = tmp_path / "cases.jsonl"
    file.write_bytes(MARK + f"{case}\r\n".encode() + MARK + f"{case}\n".encode())

    results = list(functions_test.run_batch(file, engine="restricted"))

    assert [{"n": 1}] * 2 == [each["output"] for each in results]


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [MARK, b""])
def test_a_captured_request_keeps_the_bytes_of_its_body(
    penstock: Command, mark: bytes, ends: str
) -> None:
    """A mark before the capture is no part of it; an empty line in the body is part of the body."""
    body = BODY + "\r\n\r\n"
    signed = signing.headers(
        [signing.parse_key(SECRET)], body.encode(), message_id="dlv_1", at_s=int(time.time())
    )
    lines = [f"{name}: {value}" for name, value in (*signed, ("x-note", "Åse \x85 b"))]
    head = ends.join(["POST /hook HTTP/1.1", *lines])
    as_http = mark + f"{head}{ends}{ends}{body}".encode()
    as_json = mark + line({"headers": dict(signed), "body": body}).encode()

    for raw in (as_http, as_json):
        ran = penstock("verify", "-", "--json", stdin=as_stdin(raw), PENSTOCK_WEBHOOK_SECRET=SECRET)
        assert (0, "dlv_1") == (ran.code, ran.json.get("id"))


NOT_UTF8 = {
    "UTF-16": "\ufeffé".encode("utf-16-le"),
    "UTF-16, big end first": "\ufeffé".encode("utf-16-be"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": "\ufeffé".encode("utf-32-le"),
    "Latin-1": b'{"a":\n"caf\xe9"}',
    "one surrogate": b'"\xed\xa0\x80"',
}


@pytest.mark.parametrize("raw", NOT_UTF8.values(), ids=NOT_UTF8)
def test_a_file_in_another_encoding_is_named_with_what_to_do(tmp_path: Path, raw: bytes) -> None:
    """`not JSON at column 1` sends the reader to the wrong place."""
    file = tmp_path / "event.json"
    file.write_bytes(raw)

    with pytest.raises(WrongUsage) as refused:
        _files.read_json(file)

    assert "not_utf8" == refused.value.code
    assert refused.value.message.startswith(str(file))
    assert "save it as UTF-8" in refused.value.message
    assert refused.value.message.count("UTF-16") == (b"\0" in raw and b"\xff\xfe\0\0" not in raw)


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """One wrong letter in ten thousand lines is not found by looking."""
    file = tmp_path / "function.py"
    file.write_bytes(NOT_UTF8["Latin-1"])

    with pytest.raises(WrongUsage, match="line 2 holds the byte 0xe9"):
        _files.read_text(file)


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "send"),
        ("functions", "push"),
        ("functions", "test"),
        ("functions", "test", "--batch"),
        ("webhooks", "access", "whk_1"),
        ("verify",),
    ],
)
def test_every_command_refuses_what_powershell_redirects_by_name(
    penstock: Command, arguments: tuple[str, ...]
) -> None:
    """There `>` writes UTF-16."""
    (penstock.folder / "vip.py").write_bytes(line(EVENT).encode("utf-16"))

    ran = penstock(*arguments, "vip.py", "--json", PENSTOCK_WEBHOOK_SECRET=SECRET)

    assert (2, "not_utf8") == (ran.code, ran.json["error"]["code"])
    assert "vip.py is UTF-16" in ran.json["error"]["message"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mark", [MARK, b""])
def test_a_secret_is_read_without_its_mark_and_its_line_end(
    penstock: Command, mark: bytes, end: str
) -> None:
    """Neither is part of what the shell was told to say."""
    penstock("functions", "push", penstock.write("vip.py", "def handler(event): return 1\n"))

    ran = penstock(
        "functions",
        "secrets",
        "set",
        "vip",
        "TOKEN",
        stdin=as_stdin(mark + f"hunter2{end}".encode()),
    )

    assert 0 == ran.code
    application = penstock.api.application
    sealed = application.functions.store.get(penstock.api.tenant, "vip").secrets["TOKEN"].sealed
    assert sealed is not None
    assert "hunter2" == application.tenancy.answer_once.unseal(penstock.api.tenant, sealed)


def test_a_log_of_orders_may_have_a_mark_and_the_line_ends_of_windows(tmp_path: Path) -> None:
    """It was an export, too."""
    log = tmp_path / "orders.txt"
    log.write_bytes(MARK + b" 00004 00001 19970101  1   29.33\r\n")

    assert [("00001", 2933)] == [(each.customer, each.cents) for each in read_orders(log)]


def test_a_file_that_cannot_be_written_whole_is_not_written_at_all(penstock: Command) -> None:
    """Half a function would be pushed as if it were one, and half a file of keys holds none."""
    connect = ("config", "set", "staging", "--url", "https://penstock.example.com")
    assert 0 == penstock(*connect, stdin="psk_kept").code
    config = penstock.folder / ".config" / "penstock" / "config.toml"
    before = config.read_text(encoding="utf-8")

    for path, command in (("vip.py", ("functions", "init", "vip.py")), (str(config), connect)):
        done = subprocess.run(  # noqa: S603 - our own command
            [
                *("/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh"),
                *(sys.executable, "-m", "cli.main", *command),
            ],
            cwd=penstock.folder,
            env=penstock.environment,
            input=b"psk_new",
            capture_output=True,
            timeout=60,
            check=False,
        )

        said = f"penstock: cannot write {path}: File too large\n"
        assert (2, said) == (done.returncode, done.stderr.decode())
    assert [".config"] == [each.name for each in penstock.folder.iterdir()]
    assert [config] == list(config.parent.iterdir())
    assert before == config.read_text(encoding="utf-8")


def test_a_file_that_is_written_anew_stays_as_it_was_otherwise(tmp_path: Path) -> None:
    """A link stays a link, a mode a mode, and a device is no file to be replaced."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)

    _files.write(link, "new")
    _files.write(Path(os.devnull), "dropped")
    _files.write(tmp_path / "a" / "secret", "new", is_private=True)

    assert ("new", 0o640) == (file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode))
    assert link.is_symlink()
    assert Path(os.devnull).is_char_device()
    assert 0o600 == stat.S_IMODE((tmp_path / "a" / "secret").stat().st_mode)
