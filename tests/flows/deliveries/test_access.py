"""What endpoints ask for besides a signature, against servers that insist on it."""

import base64
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.webhooks import access
from runtime.core.webhooks.access import Basic, Bearer, ClientCertificate, Login, OAuth2
from runtime.core.webhooks.webhook import Sealed
from runtime.egress.failures import EgressFailed
from runtime.egress.identity import Identity
from tests.builders import a_deliver_message, a_webhook
from tests.certificates import Authority
from tests.delivery_world import World, messages
from tests.egress_clients import LONG_S, Client, post
from tests.scripted_receiver import Behaviour, Peer, ScriptedReceiver, answer, hang

SECRET = "s3cr3t-of-the-receiver"


@pytest.fixture
def make(receiver: ScriptedReceiver, worlds: list[World]) -> Callable[..., World]:
    """Make a world whose one endpoint asks for something."""

    def made(
        headers: dict[str, str] | None = None,
        login: Login | None = None,
        certificate: ClientCertificate | None = None,
        *,
        url: str = "",
        **egress: Any,
    ) -> World:
        texts = {
            "headers": access.headers_text(headers) if headers else None,
            "auth": access.login_text(login) if login else None,
            "client_certificate": access.certificate_text(certificate) if certificate else None,
        }
        sealed = {
            name: Sealed(ciphertext=name, shown=("?",)) for name, text in texts.items() if text
        }
        world = World(a_webhook(url=url or receiver.url("/hook"), **sealed), **egress)
        world.secrets |= {name: text for name, text in texts.items() if text}
        worlds.append(world)
        return world

    return made


def a_token(text: str, **more: Any) -> Behaviour:
    """A token endpoint's answer."""
    return answer(body=json.dumps({"access_token": text, "token_type": "Bearer", **more}).encode())


def only(token: str) -> Behaviour:
    """A receiver that takes one token, and repeats what it was shown when that is wrong."""

    def behave(peer: Peer) -> bool | None:
        given = peer.request.header("authorization") or ""
        if given == f"Bearer {token}":
            return answer()(peer)
        return answer(401, body=f"wrong: {given}".encode())(peer)

    return behave


def an_oauth2(receiver: ScriptedReceiver, **changes: Any) -> OAuth2:
    """Credentials for the receiver's own token endpoint."""
    given = {"token_url": receiver.url("/token"), "client_id": "me", "client_secret": SECRET}
    return OAuth2(**given | changes)


def test_headers_and_logins_are_sent_with_every_request(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """A gateway before the receiver may know nothing of signatures."""
    make({"X-Api-Key": SECRET}, Basic(username="me", password="geheim-ä")).deliver_now()
    make(login=Bearer(token=SECRET)).deliver_now()

    first, second = receiver.received
    assert first.header("x-api-key") == SECRET
    scheme, _, pair = (first.header("authorization") or "").partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "me:geheim-ä")
    assert second.header("authorization") == f"Bearer {SECRET}"
    assert first.header("webhook-signature")


def test_a_secret_that_a_receiver_echoes_is_cut_out(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """A debug page is the commonest leak: what it repeats would rest in the record."""
    receiver.script("/hook", answer(500, body=f"you said {SECRET} and {SECRET}!".encode()))
    world = make({"X-Api-Key": SECRET}, Bearer(token=SECRET[::-1]))

    world.deliver_now()

    assert world.record.attempts[0].answer_excerpt == "you said [redacted] and [redacted]!"
    assert SECRET not in repr(world.record) + repr(world.journal.lines)


def test_a_batch_shares_one_token(make: Callable[..., World], receiver: ScriptedReceiver) -> None:
    """Token endpoints limit their callers; ten webhooks are one question."""
    receiver.script("/token", a_token("t-1", expires_in=3600))
    receiver.script("/hook", only("t-1"))
    world = make(login=an_oauth2(receiver, scope="events", audience="crm"))

    assert world.deliver_now(*messages(10)) == [None] * 10
    world.deliver_now(a_deliver_message(delivery_id="dlv_later"))

    (asked,) = [seen for seen in receiver.received if seen.target == "/token"]
    form = {"grant_type": ["client_credentials"], "scope": ["events"], "audience": ["crm"]}
    assert parse_qs(asked.body.decode()) == form
    expected = base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert asked.header("authorization") == f"Basic {expected}"
    assert {d.status for d in world.deliveries.by_id.values()} == {Status.DELIVERED}
    assert len(receiver.received) == 12


def test_credentials_go_into_the_form_where_the_endpoint_wants_them_there(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """Half of all token endpoints take the one, half the other."""
    receiver.script("/token", a_token("t-1"))

    make(login=an_oauth2(receiver, in_body=True)).deliver_now()

    asked = receiver.received[0]
    assert parse_qs(asked.body.decode())["client_secret"] == [SECRET]
    assert asked.header("authorization") is None


def test_a_token_that_was_revoked_is_fetched_anew_within_the_attempt(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """That it ended before its time is no fault of the receiver, so it costs no attempt."""
    receiver.script("/token", a_token("t-1"), a_token("t-2"))
    receiver.script("/hook", only("t-1"), only("t-2"))
    world = make(login=an_oauth2(receiver))
    world.deliver_now(*messages(1))

    world.deliver_now(*messages(2)[1:])

    targets = [seen.target for seen in receiver.received]
    assert targets == ["/token", "/hook", "/hook", "/token", "/hook"]
    made = [[a.status for a in d.attempts] for d in world.deliveries.by_id.values()]
    assert made == [[200], [200]]


def test_a_fresh_token_that_is_refused_is_a_failed_attempt(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """Asking again would not help, and asking for ever would hurt."""
    receiver.script("/token", a_token("fresh-token-1"))
    receiver.script("/hook", only("another"))
    world = make(login=an_oauth2(receiver))

    world.deliver_now()

    assert [seen.target for seen in receiver.received] == ["/token", "/hook"]
    (made,) = world.record.attempts
    assert (made.error, world.record.status) == ("http_401", Status.PENDING)
    assert "fresh-token-1" not in repr(world.record) + repr(world.journal.lines)


@pytest.mark.parametrize(
    "expires_in",
    ["²", "9" * 400, "-1", "1e3", "", {"n": 1}, [1], None, True, -1, 0, 10**400, 1e400, math.nan],
)
def test_a_token_with_a_life_that_is_no_number_is_used_for_a_while(
    make: Callable[..., World], receiver: ScriptedReceiver, expires_in: object
) -> None:
    """What a stranger writes is no reason to lose an attempt, nor to keep a token for ever."""
    receiver.script("/token", a_token("t-1", expires_in=expires_in))
    receiver.script("/hook", only("t-1"))
    world = make(login=an_oauth2(receiver))

    assert world.deliver_now(*messages(2)) == [None, None]

    assert [[a.status for a in d.attempts] for d in world.deliveries.by_id.values()] == [[200]] * 2
    assert [seen.target for seen in receiver.received].count("/token") == 1


def test_a_token_is_not_used_past_its_end(
    make: Callable[..., World], receiver: ScriptedReceiver
) -> None:
    """Half a second of life is over before the next batch."""
    receiver.script("/token", a_token("t-1", expires_in=1e-9), a_token("t-2"))
    world = make(login=an_oauth2(receiver))

    world.deliver_now(*messages(1))
    world.deliver_now(*messages(2)[1:])

    given = [s.header("authorization") for s in receiver.received if s.target == "/hook"]
    assert given == ["Bearer t-1", "Bearer t-2"]


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        (answer(400, body=b'{"error":"invalid_client","error_description":"x"}'), "invalid_client"),
        (answer(500, body=SECRET.encode()), "answered 500"),
        (answer(302, headers=[("location", "http://169.254.169.254/")]), "answered 302"),
        (answer(body=b"{}"), "without an access_token"),
        (answer(body=b"[" * 9000), "without an access_token"),
        (answer(body=b'{"access_token":"a\\nb"}'), "without an access_token"),
        (a_token("t", token_type="mac"), "not a bearer token"),
        (hang(), "did not answer"),
    ],
)
def test_a_token_that_is_not_to_be_had_is_on_record(
    make: Callable[..., World], receiver: ScriptedReceiver, behaviour: Behaviour, sentence: str
) -> None:
    """The attempt failed, and the record says where: not at the receiver."""
    receiver.script("/token", behaviour)
    world = make(login=an_oauth2(receiver))
    world.webhooks.by_id["whk_1"] = replace(world.webhooks.by_id["whk_1"], timeout_s=1)

    world.deliver_now()

    (made,) = world.record.attempts
    assert (made.error, made.status) == ("oauth_failed", None)
    assert sentence in made.sentence
    assert SECRET not in made.sentence
    assert world.record.status is Status.PENDING
    assert [seen.target for seen in receiver.received] == ["/token"]


@pytest.mark.parametrize("url", ["https://10.0.0.1/token", "http://localhost:1/token"])
def test_the_guard_stands_before_the_token_endpoint_too(
    make: Callable[..., World], receiver: ScriptedReceiver, url: str
) -> None:
    """Else it would be the way around."""
    world = make(login=an_oauth2(receiver, token_url=url))

    world.deliver_now()

    assert world.record.attempts[0].error == "oauth_failed"
    assert receiver.received == []


def test_a_client_certificate_opens_the_door(
    make: Callable[..., World], authority: Authority
) -> None:
    """Mutual TLS: the server knows who is there before the first byte."""
    certificate, key = authority.client()
    own = ClientCertificate(certificate=certificate, private_key=key)
    with ScriptedReceiver(tls=authority.server_that_asks("localhost")) as receiver:
        trust = {"trust": authority.trust, "new_trust": authority.trust}
        world = make(certificate=own, url=receiver.url(), **trust)
        world.deliver_now(*messages(1))
        world.deliver_now(*messages(2)[1:])
        without = make(url=receiver.url(), **trust)
        without.deliver_now()

    assert {d.status for d in world.deliveries.by_id.values()} == {Status.DELIVERED}
    assert [seen.connection for seen in receiver.received] == [1, 1]
    assert without.record.attempts[0].error in ("tls_error", "reset")


def test_a_connection_of_one_certificate_is_never_another_ones(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """Two tenants may call the same host; each as itself."""
    first, second = (
        Identity(certificate=certificate, private_key=key)
        for certificate, key in (authority.client("one"), authority.client("two"))
    )
    with ScriptedReceiver(tls=authority.server_that_asks("localhost")) as receiver:
        client = make_client(trust=authority.trust, new_trust=authority.trust)
        for identity in (first, second, first):
            client.send(post(receiver.url(), identity=identity), deadline_s=LONG_S)
        with pytest.raises(EgressFailed):
            client.send(post(receiver.url()), deadline_s=LONG_S)

    assert [seen.connection for seen in receiver.received] == [1, 2, 1]
