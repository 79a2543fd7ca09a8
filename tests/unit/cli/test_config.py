"""`penstock config` and `penstock --as`: APIs by name, with keys that nobody else can read."""

import json
import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.core.tenancy import api_key
from tests.unit.cli.conftest import Command, Ran

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def bare(penstock: Command) -> Command:
    """The command without an API in its environment."""
    kept = {name: text for name, text in penstock.environment.items() if "API" not in name}
    return replace(penstock, environment=kept)


def named(bare: Command, name: str, *, url: str, key: str) -> Ran:
    """Give a connection a name."""
    return bare("config", "set", name, "--url", url, "--json", stdin=f"{key}\n")


def own(penstock: Command) -> dict[str, str]:
    """The address and the key of the API that serves this test."""
    return {
        "url": penstock.environment["PENSTOCK_API_URL"],
        "key": penstock.environment["PENSTOCK_API_KEY"],
    }


def file_of(penstock: Command) -> Path:
    """Where the configuration is kept."""
    return penstock.folder / ".config" / "penstock" / "config.toml"


def test_a_call_goes_to_the_connection_that_it_names(penstock: Command, bare: Command) -> None:
    """Staging and production are one word apart, and no variable has to be exported."""
    assert 0 == named(bare, "staging", **own(penstock)).code
    assert 0 == named(bare, "nowhere", url=NOWHERE, key="psk_x").code

    assert 0 == bare("--as", "staging", "webhooks", "list").code
    lost = bare("--as", "nowhere", "webhooks", "list", "--json")
    assert (1, "unreachable") == (lost.code, lost.json["error"]["code"])
    assert "nowhere in" in lost.err


def test_the_flag_comes_before_the_environment_before_the_choice_before_the_folder(
    penstock: Command, bare: Command
) -> None:
    """Who says something for one call means it; what lies about in a folder comes last."""
    named(bare, "chosen", url="http://chosen.example", key="psk_a")
    named(bare, "flag", url="http://flag.example", key="psk_b")
    state = {"api_url": "http://folder.example", "api_key": "psk_c"}
    bare.write(".local/state.json", json.dumps(state))

    def host(*words: str, run: Command = bare) -> str:
        return str(run(*words, "config", "show", "--json").json["api_url"])

    assert "http://folder.example" == host()
    assert 0 == bare("config", "use", "chosen").code
    assert "http://chosen.example" == host()
    assert penstock.environment["PENSTOCK_API_URL"] == host(run=penstock)
    assert "http://flag.example" == host("--as", "flag", run=penstock)
    assert "http://folder.example" == host("--as", "local", run=penstock)
    assert 0 == bare("config", "use", "local").code
    assert "http://folder.example" == host()


def test_an_unknown_name_is_answered_with_the_nearest(bare: Command) -> None:
    """A typo must not send a call to another API, nor leave one to guess."""
    named(bare, "staging", url=NOWHERE, key="psk_x")

    for words in (
        ("--as", "stagign", "webhooks", "list"),
        ("config", "use", "stagign"),
        ("config", "show", "stagign"),
        ("config", "unset", "stagign"),
    ):
        ran = bare(*words, "--json")
        assert (2, "unknown_connection") == (ran.code, ran.json["error"]["code"])
        assert "did you mean staging?" in ran.err


def test_a_key_is_in_a_private_file_and_shown_nowhere(bare: Command) -> None:
    """Other users of the machine read arguments, histories and open files, but not this one."""
    made = named(bare, "staging", url=NOWHERE, key="psk_secret")
    bare("config", "use", "staging")
    shown = [bare("config", *words) for words in (("list",), ("show",), ("show", "staging"))]

    assert api_key.id_of(api_key.digest("psk_secret")) == made.json["key_id"]
    assert 0o600 == file_of(bare).stat().st_mode & 0o777
    assert ["config.toml"] == [each.name for each in file_of(bare).parent.iterdir()]
    assert not [ran for ran in (made, *shown) if "psk_secret" in ran.out + ran.err or ran.code]


def test_a_terminal_is_asked_for_the_key_and_does_not_show_it(bare: Command) -> None:
    """A key that is typed in sight is in the screen's memory."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", "config", "set", "staging", "--url", NOWHERE],
        cwd=bare.folder,
        env=bare.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without the terminal of whoever runs the tests
    ) as asking:
        assert asking.stderr is not None
        prompt = b""
        while not prompt.endswith(b": "):
            prompt += asking.stderr.read(1)
        os.write(ours, b"psk_typed\n")  # what is typed before the prompt is thrown away
        out, err = asking.communicate(timeout=60)
    echoed = os.read(ours, 1000) if select.select([ours], [], [], 0)[0] else b""
    os.close(theirs)
    os.close(ours)

    assert 0 == asking.returncode
    assert b"psk_typed" not in prompt + out + err + echoed
    assert 'api_key = "psk_typed"' in file_of(bare).read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_reach_is_refused(bare: Command, mode: int) -> None:
    """Its keys may be known already, and whoever can write it chooses where the keys are sent."""
    named(bare, "staging", url=NOWHERE, key="psk_secret")
    file_of(bare).chmod(mode)

    for words in (("--as", "staging", "webhooks", "list"), ("webhooks", "list")):
        ran = bare(*words, "--json")
        assert (2, "config_not_private") == (ran.code, ran.json["error"]["code"])
        assert "chmod 600" in ran.err


@pytest.mark.parametrize(
    ("text", "named_in_error"),
    [
        ("connections = 3", "connections.NAME"),
        ("[connection.x]", "did you mean connections?"),
        ("[connections]\nx = 1", "[connections.x]"),
        ('[connections.x]\napi_url = "http://a"\napi_keys = "psk_secret"', "api_key"),
        ('[connections.x]\napi_url = "http://a"', "api_key"),
        ('[connections.x]\napi_url = 3\napi_key = "psk_secret"', "api_url"),
        ('[connections.local]\napi_url = "http://a"\napi_key = "psk_secret"', "local"),
        ('use = "y"', "use"),
        ("use = ]", "line 1"),
        ("a = " + "[" * 5000, "TOML"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_says_where(
    bare: Command, text: str, named_in_error: str
) -> None:
    """Somebody edits it by hand one day; no traceback, and no key in the message."""
    named(bare, "staging", url=NOWHERE, key="psk_x")
    file_of(bare).write_text(text, encoding="utf-8")

    ran = bare("webhooks", "list", "--json")

    assert (2, "bad_config") == (ran.code, ran.json["error"]["code"])
    assert named_in_error in ran.err
    assert "psk_secret" not in ran.out + ran.err


def test_a_file_of_another_encoding_shows_none_of_its_bytes(bare: Command) -> None:
    """The words of a decoder's error hold the whole file."""
    named(bare, "staging", url=NOWHERE, key="psk_x")
    file_of(bare).write_bytes(b'[connections.x]\napi_key = "psk_secret\xff"')

    ran = bare("config", "list", "--json")

    assert (2, "bad_config") == (ran.code, ran.json["error"]["code"])
    assert "psk_secret" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("name", "url", "key", "code"),
    [
        ("local", NOWHERE, "psk_x", "bad_name"),
        ("a.b", NOWHERE, "psk_x", "bad_name"),
        ("", NOWHERE, "psk_x", "bad_name"),
        ("a", "penstock.example.com", "psk_x", "bad_url"),
        ("a", "ftp://penstock.example.com", "psk_x", "bad_url"),
        ("a", "http://[", "psk_x", "bad_url"),
        ("a", "https://me:psk_x@penstock.example.com", "psk_x", "bad_url"),
        ("a", "https://penstock.example.com/?key=1", "psk_x", "bad_url"),
        ("a", NOWHERE, "", "no_key"),
        ("a", NOWHERE, "psk x", "bad_key"),
        ("a", NOWHERE, 'psk_"\x07', "bad_key"),
    ],
)
def test_what_cannot_be_a_connection_is_refused_when_it_is_set(
    bare: Command, name: str, url: str, key: str, code: str
) -> None:
    """Not weeks later, by a call that does not find its way."""
    ran = named(bare, name, url=url, key=key)

    assert (2, code) == (ran.code, ran.json["error"]["code"])
    assert not file_of(bare).exists()


def test_a_connection_is_replaced_and_forgotten(bare: Command) -> None:
    """A rotated key is set anew; a key that is not needed should lie nowhere."""
    for key in ("psk_old", "psk_new"):
        named(bare, "staging", url=NOWHERE, key=key)
    named(bare, "other", url=NOWHERE, key="psk_other")
    bare("config", "use", "staging")

    kept = file_of(bare).read_text(encoding="utf-8")
    assert 0 == bare("config", "unset", "staging").code
    rest = bare("config", "list", "--json").json["data"]

    assert ("psk_new" in kept, "psk_old" in kept) == (True, False)
    assert [("other", False)] == [(each["name"], each["in_use"]) for each in rest]


def test_the_file_is_where_the_system_keeps_configuration(bare: Command, tmp_path: Path) -> None:
    """Who moved it all elsewhere finds it there, and a link to a shared folder stays a link."""
    elsewhere = tmp_path / "elsewhere"
    moved = replace(bare, environment={**bare.environment, "XDG_CONFIG_HOME": str(elsewhere)})
    target = tmp_path / "dotfiles.toml"
    (elsewhere / "penstock").mkdir(parents=True)
    (elsewhere / "penstock" / "config.toml").symlink_to(target)

    named(moved, "staging", url=NOWHERE, key="psk_x")

    assert (elsewhere / "penstock" / "config.toml").is_symlink()
    assert "psk_x" in target.read_text(encoding="utf-8")
    assert not file_of(bare).exists()


def test_a_folder_that_cannot_be_written_is_told(bare: Command) -> None:
    """A full disk or a file in the way; the error names the place."""
    bare.write(".config", "in the way")

    ran = named(bare, "staging", url=NOWHERE, key="psk_x")

    assert ran.json["error"]["code"] in {"unwritable", "bad_config"}
    assert ".config" in ran.err
    assert "Traceback" not in ran.err
