"""What an endpoint may ask for, through the deployed API and command line to real receivers.

All endpoints are made first, and all their events sent in one go: each test waits for its own.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import pytest
from standardwebhooks import Webhook

from cli.client import Client
from infra.demo.patience import Patience
from tests.certificates import Authority
from tests.e2e.conftest import Penstock
from tests.e2e.recorder import DEADLINE_S, Recorder, Reply, Request, recording

pytestmark = pytest.mark.e2e

KLAVIYO_SECRET: Final = "a-secret-key-of-klaviyo"
COPIES: Final = 5  # of `deliver` on a local cloud, in both lanes: each keeps tokens of its own
EVENTS: Final = {
    "klaviyo": 30,
    "cloudevents": 3,
    "oauth2": 12,
    "basic": 2,
    "bearer": 2,
    "rated": 20,
    "capped": 8,
    "mutual": 1,
    "gone": 1,
    "rotated": 1,
}


class TokenServer:
    """Gives tokens for one client, and takes them back."""

    def __init__(self) -> None:
        self.valid: set[str] = set()
        self.asked: list[Request] = []

    def give(self, request: Request) -> Reply:
        """A new token, good until it is taken back."""
        self.asked.append(request)
        token = uuid.uuid4().hex
        self.valid.add(token)
        document = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        return Reply(body=json.dumps(document).encode())

    def check(self, request: Request) -> Reply:
        """200 to whoever brings a good token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return Reply(status=200 if scheme == "Bearer" and token in self.valid else 401)


class Scene:
    """The endpoints, and what has been sent to them."""

    def __init__(self, api: Client, penstock: Penstock, recorder: Recorder) -> None:
        self.api, self.penstock, self.recorder = api, penstock, recorder
        self.tokens = TokenServer()
        self.webhooks: dict[str, Any] = {}

    def make(self, name: str, url: str, **settings: Any) -> None:
        """A webhook with a topic of its own."""
        wanted = {"name": name, "url": url, "topics": [f"metric.{name}"], **settings}
        self.webhooks[name] = self.api.post("/v1/webhooks", wanted)

    def send(self, counts: dict[str, int], *, round_: str) -> None:
        """So many events for each endpoint, in one command."""
        events = [
            {
                "id": f"{round_}-{name}-{number}",
                "topic": f"metric.{name}",
                "profile": {"external_id": f"visitor-{number}", "email": "v@example.com"},
                "properties": {"number": number},
            }
            for name, count in counts.items()
            for number in range(count)
        ]
        told = self.penstock("events", "send", "-", stdin=json.dumps(events))
        assert len(events) == len(told["accepted"])

    def deliveries(self, name: str) -> list[Any]:
        """The deliveries of an endpoint, with their attempts."""
        path = "/v1/deliveries"
        found = self.api.each(path, {"webhook": self.webhooks[name]["id"]}, limit=200)
        return [self.api.get(f"{path}/{one['id']}") for one in found]

    def outcome(self, name: str) -> set[tuple[str, int]]:
        """How the deliveries ended, and after how many attempts, without repetition."""
        return {(one["status"], len(one["attempts"])) for one in self.deliveries(name)}


@pytest.fixture(scope="module")
def scene(
    api: Client, penstock: Penstock, recorder: Recorder, mutual: Recorder, authority: Authority
) -> Scene:
    """Every endpoint made, and every first event sent."""
    it = Scene(api, penstock, recorder)
    it.webhooks["klaviyo"] = penstock(
        *("webhooks", "create", "--name", "klaviyo", "--url", recorder.url("klaviyo")),
        *("--topic", "metric.klaviyo", "--format", "klaviyo", "--own-secret"),
        stdin=KLAVIYO_SECRET,
    )
    wanted = {"webhook-allowed-origin": "*"}
    events = recorder.url("cloudevents", lambda _: Reply(headers=wanted))
    it.make("cloudevents", events, format="cloudevents", handshake=True)
    login = {
        "kind": "oauth2",
        "token_url": recorder.url("token", it.tokens.give),
        "client_id": "me",
        "client_secret": "s3cret of mine",
        "scope": "events",
    }
    it.make("oauth2", recorder.url("oauth2", it.tokens.check), auth=login)
    basic = {"kind": "basic", "username": "me", "password": "pass:word"}
    it.make("basic", recorder.url("basic"), auth=basic, headers={"x-tenant": "seven"})
    it.make("bearer", recorder.url("bearer"), auth={"kind": "bearer", "token": "t0ken-of-mine"})
    it.make("rated", recorder.url("rated"), rate_limit={"count": 5, "per": "second"})
    dawdle = recorder.url("capped", lambda _: Reply(delay_s=0.3))
    it.make("capped", dawdle, max_concurrency=2)
    certificate, key = authority.client()
    shown = {"certificate": certificate, "private_key": key}
    it.make("mutual", mutual.url("mutual"), client_certificate=shown, retry_schedule_s=[])
    it.make("gone", recorder.url("gone", lambda _: Reply(status=410)))
    it.make("rotated", recorder.url("rotated"))
    it.make("notices", recorder.url("notices"), topics=["webhook.disabled"])
    it.send(EVENTS, round_="first")
    return it


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that only its own clients know."""
    return Authority.create(Path(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="module")
def mutual(authority: Authority) -> Iterator[Recorder]:
    """A receiver that takes only clients which show a certificate."""
    with recording(authority.server_that_asks("localhost")) as it:
        yield it


def test_klaviyo_gets_many_events_in_one_signed_post(scene: Scene) -> None:
    """A receiver written for Klaviyo must work unchanged, and pays for each request."""

    def ids(posts: list[Request]) -> set[str]:
        return {entry["external_id"] for post in posts for entry in json.loads(post.body)["data"]}

    posts = scene.recorder.wait("klaviyo", lambda posts: len(ids(posts)) == EVENTS["klaviyo"])

    assert EVENTS["klaviyo"] == len(ids(posts))
    assert len(posts) < EVENTS["klaviyo"]
    for post in posts:
        timestamp = post.headers["klaviyo-timestamp"].encode()
        signed = hmac.new(KLAVIYO_SECRET.encode(), post.body + timestamp, hashlib.sha256)
        assert signed.hexdigest() == post.headers["klaviyo-signature"]
        meta = json.loads(post.body)["meta"]
        assert meta["klaviyo_webhook_id"] == post.headers["klaviyo-webhook-id"]


def test_cloudevents_come_after_a_handshake_and_say_what_they_are(scene: Scene) -> None:
    """Structured mode, as any CloudEvents library reads it."""
    asked, *posts = scene.recorder.wait("cloudevents", lambda got: len(got) > EVENTS["cloudevents"])

    assert ("OPTIONS", "penstock") == (asked.method, asked.headers["webhook-request-origin"])
    assert EVENTS["cloudevents"] == len(posts)
    for post in posts:
        assert post.headers["content-type"].startswith("application/cloudevents+json")
        event = json.loads(post.body)
        assert ("1.0", "metric.cloudevents") == (event["specversion"], event["type"])
        assert event["id"] == post.headers["webhook-id"]
        assert {"source", "time", "data"} <= event.keys()
        _verify(scene.webhooks["cloudevents"]["secret"], post)


def test_an_oauth2_token_is_shared_until_it_is_refused_and_then_replaced(scene: Scene) -> None:
    """One token request a delivery is twice the traffic, and a refusal must cost no attempt."""
    scene.recorder.wait("oauth2", lambda got: len(got) >= EVENTS["oauth2"])
    first = list(scene.tokens.asked)
    assert 1 <= len(first) <= COPIES
    user = base64.b64decode(first[0].headers["authorization"].partition(" ")[2]).decode()
    assert "me:s3cret+of+mine" == user  # form-encoded, as RFC 6749 asks
    form = {"grant_type": ["client_credentials"], "scope": ["events"]}
    assert form == parse_qs(first[0].body.decode())

    scene.tokens.valid.clear()
    scene.send({"oauth2": 4}, round_="refused")
    due = EVENTS["oauth2"] + 4

    def taken(got: list[Request]) -> bool:
        good = [one for one in got if scene.tokens.check(one).status == 200]
        return len({one.headers["webhook-id"] for one in good}) >= 4

    scene.recorder.wait("oauth2", taken)
    assert len(scene.tokens.asked) > len(first)
    _settle(scene, "oauth2", due)
    assert {("delivered", 1)} == scene.outcome("oauth2")


def test_basic_bearer_and_headers_are_sent(scene: Scene) -> None:
    """Gateways that ask for them let nothing else through."""
    basic = scene.recorder.wait("basic", lambda got: len(got) >= EVENTS["basic"])
    bearer = scene.recorder.wait("bearer", lambda got: len(got) >= EVENTS["bearer"])

    expected = base64.b64encode(b"me:pass:word").decode()
    assert {(f"Basic {expected}", "seven")} == {
        (one.headers["authorization"], one.headers["x-tenant"]) for one in basic
    }
    assert {"Bearer t0ken-of-mine"} == {one.headers["authorization"] for one in bearer}
    for post in basic:
        _verify(scene.webhooks["basic"]["secret"], post)


def test_a_rate_limit_delays_and_drops_nothing(scene: Scene) -> None:
    """Twenty at five a second are four windows of the clock."""
    got = scene.recorder.wait("rated", lambda got: len(got) >= EVENTS["rated"])

    assert EVENTS["rated"] == len({one.headers["webhook-id"] for one in got})
    assert got[-1].at_s - got[0].at_s > 2
    _settle(scene, "rated", EVENTS["rated"])
    assert {("delivered", 1)} == scene.outcome("rated")


def test_a_concurrency_cap_holds(scene: Scene) -> None:
    """However many copies of `deliver` have work for it."""
    got = scene.recorder.wait("capped", lambda got: len(got) >= EVENTS["capped"])

    assert EVENTS["capped"] == len({one.headers["webhook-id"] for one in got})
    assert 1 <= scene.recorder.most["capped"] <= 2


def test_a_receiver_of_a_private_authority_is_not_believed(scene: Scene, mutual: Recorder) -> None:
    """We show our certificate to who can prove their name, and public authorities alone prove it.

    That the certificate is shown then is proved in tests/flows: no public authority certifies
    this machine.
    """
    _settle(scene, "mutual", 1)
    [delivery] = scene.deliveries("mutual")

    assert "tls_error" == delivery["attempts"][0]["error"]
    assert not mutual.got("mutual")
    assert scene.webhooks["mutual"]["certificate_expires_at"]


def test_a_receiver_that_says_gone_is_left_alone_and_its_owner_told(scene: Scene) -> None:
    """410 is the one answer that means never again."""
    notices = scene.recorder.wait("notices", bool)

    told = json.loads(notices[0].body)
    gone = scene.webhooks["gone"]["id"]
    assert ("webhook.disabled", gone) == (told["type"], told["data"]["properties"]["webhook_id"])
    shown = scene.api.get(f"/v1/webhooks/{gone}")
    assert (False, "gone") == (shown["enabled"], shown["disabled_reason"])
    assert 1 == len(scene.recorder.got("gone"))


def test_while_secrets_overlap_both_signatures_verify(scene: Scene) -> None:
    """A receiver changes its secret when it likes, and refuses nothing meanwhile."""
    scene.recorder.wait("rotated", bool)
    was = scene.webhooks["rotated"]
    now = scene.penstock("webhooks", "rotate-secret", was["id"], "--overlap-s", "600")
    assert was["secret"] != now["secret"]

    def both(got: list[Request]) -> bool:
        return len(got[-1].headers["webhook-signature"].split()) == 2

    for number in range(10):  # a warm worker may sign with the old one alone for some seconds
        scene.send({"rotated": 1}, round_=f"rotated-{number}")
        if both(scene.recorder.wait("rotated", both, deadline_s=1)):
            break
    post = scene.recorder.got("rotated")[-1]
    _verify(was["secret"], post)
    _verify(now["secret"], post)


def _verify(secret: str, post: Request) -> None:
    Webhook(secret).verify(post.body, dict(post.headers))


def _settle(scene: Scene, name: str, count: int) -> None:
    """Wait until so many deliveries of an endpoint have ended: the record follows the answer."""
    query = {"webhook": scene.webhooks[name]["id"], "limit": 200}

    def ended() -> bool:
        found = scene.api.get("/v1/deliveries", query)["data"]
        return len(found) == count and all(one["status"] != "pending" for one in found)

    assert Patience(DEADLINE_S).until(ended)
