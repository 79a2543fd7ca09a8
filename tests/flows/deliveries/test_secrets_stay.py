"""Distinctive secrets everywhere, a receiver that repeats all it gets, and nothing of it anywhere.

Searched are log lines, records, what the API shows, and metrics.
"""

import base64
import html
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from functions import _telemetry
from functions._api.deliveries import DeliveryOut
from functions._api.webhooks import WebhookOut
from runtime.core.webhooks import access
from runtime.core.webhooks.access import Basic, Bearer, ClientCertificate, Login, OAuth2
from runtime.core.webhooks.webhook import Sealed
from tests.builders import a_webhook
from tests.certificates import Authority
from tests.delivery_world import World
from tests.scripted_receiver import Behaviour, Peer, ScriptedReceiver, answer

HEADER, PASSWORD, TOKEN = 'Hd"r<&+/ \\secret-1', 'Pa&ss"w<o>rd+ä/2', "bearer-Tok+en/3=="
CLIENT_SECRET, FETCHED = "cl&ient+sec/ret<4>", "fetched-tok+en/5=="
QUERY, SEGMENT = "query-Sec~ret_6", "B00T0KEN7xyzXYZ0123456789"


def pieces(secret: str) -> set[str]:
    """Forms in which somebody could still read it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    }


def raw(peer: Peer) -> str:
    """The request as it came."""
    lines = [f"{name}: {value}" for name, value in peer.request.headers]
    return "\n".join([f"POST {peer.request.target} HTTP/1.1", *lines])


ECHOES: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda text: json.dumps({"you": text.splitlines()}),
    "html": lambda text: f"<pre>{html.escape(text)}</pre>",
    "url": lambda text: "&".join(f"line={quote_plus(line)}" for line in text.splitlines()),
    "url_path": quote,
    "fields": lambda text: json.dumps(
        dict(line.partition(": ")[::2] for line in text.splitlines()[1:])
    ),
}


def echo(how: Callable[[str], str], status: int) -> Behaviour:
    """Answers with the request, written that way."""

    def behave(peer: Peer) -> bool | None:
        return answer(status, body=how(raw(peer)).encode())(peer)

    return behave


LOGINS: dict[str, tuple[Login, str]] = {
    "basic": (Basic(username="me", password=PASSWORD), PASSWORD),
    "bearer": (Bearer(token=TOKEN), TOKEN),
    "oauth2": (
        OAuth2(token_url="", client_id="me", client_secret=CLIENT_SECRET, in_body=True),
        CLIENT_SECRET,
    ),
}


@pytest.mark.parametrize("how", ECHOES)
@pytest.mark.parametrize("kind", LOGINS)
@pytest.mark.parametrize("status", [200, 500])
def test_no_secret_is_in_a_log_line_a_record_an_answer_or_a_metric(  # noqa: PLR0913 - cases
    worlds: list[World],
    receiver: ScriptedReceiver,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    authority: Authority,
    *,
    how: str,
    kind: str,
    status: int,
) -> None:
    """Debug pages repeat requests, in any encoding; what they repeat must not rest with us."""
    caplog.set_level(logging.DEBUG)
    login, secret = LOGINS[kind]
    if isinstance(login, OAuth2):
        login = replace(login, token_url=receiver.url("/token"))
    certificate, key = authority.client()
    texts: dict[str, str] = {
        "headers": access.headers_text({"X-Api-Key": HEADER, "X-Plain": HEADER[::-1]}),
        "auth": access.login_text(login),
        "client_certificate": access.certificate_text(
            ClientCertificate(certificate=certificate, private_key=key)
        ),
    }
    sealed: dict[str, Any] = {name: Sealed(ciphertext=name, shown=("?",)) for name in texts}
    target = f"/{SEGMENT}?sig={QUERY}"
    receiver.script("/token", answer(body=json.dumps({"access_token": FETCHED}).encode()))
    receiver.script(target.partition("?")[0], echo(ECHOES[how], status))
    world = World(a_webhook(url=receiver.url(target), **sealed))
    world.secrets |= texts
    worlds.append(world)

    assert world.deliver_now() == [None]
    for line in world.journal.lines:
        _telemetry.journal(line)
    _telemetry.count(records=1)

    webhook = world.webhooks.by_id["whk_1"]
    shown = WebhookOut.model_validate(webhook).model_dump(exclude={"url"})
    record = world.record
    delivery = DeliveryOut.model_validate(record).model_dump_json()
    printed = capsys.readouterr()
    places = (record, delivery, shown, world.journal.lines, caplog.text, printed.out, printed.err)
    everything = "\n".join(each if isinstance(each, str) else repr(each) for each in places)
    assert record.id in record.attempts[0].answer_excerpt, "the receiver has echoed the request"
    signature = next(
        value for name, value in receiver.received[-1].headers if name == "webhook-signature"
    )
    hidden = [secret, HEADER, HEADER[::-1], FETCHED, QUERY, SEGMENT, world.secrets["sealed"]]
    for each in (*hidden, signature, key.splitlines()[1]):
        assert not [piece for piece in pieces(each) if piece in everything], each
