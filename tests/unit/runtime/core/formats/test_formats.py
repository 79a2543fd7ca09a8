"""The bytes of each format: Klaviyo's own vector, CloudEvents' own rules."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery
from runtime.core.events import topics
from runtime.core.events.envelope import ProfileRef
from runtime.core.formats import cloudevents, formats, klaviyo, payload
from runtime.core.timestamps import moment
from runtime.core.webhooks.signing import SharedKey
from runtime.core.webhooks.webhook import Format
from runtime.errors import BadInput
from tests.builders import NOW, TENANT, a_delivery, a_webhook, an_event
from tests.vectors import PRIVATE_KEY, SECRET_A

AT = moment(NOW)
BODY = payload.render(an_event())


def entries(*bodies: str, **changes: Any) -> list[dict[str, Any]]:
    """What Klaviyo's format makes of deliveries with these bodies."""
    made = klaviyo_body(*(a_delivery(body=body, **changes) for body in bodies))
    data: list[dict[str, Any]] = json.loads(made)["data"]
    return data


def klaviyo_body(*deliveries: Delivery) -> bytes:
    """The body of a POST in Klaviyo's format."""
    each = [klaviyo.entry(delivery) for delivery in deliveries]
    return klaviyo.body(each, tenant=TENANT, webhook_id="whk_1", at=AT)


class TestKlaviyo:
    """Receivers built for Klaviyo must not notice a difference."""

    def test_the_signature_is_the_one_that_klaviyos_receivers_compute(self) -> None:
        """The vector that two independent verifiers agree on."""
        body = (
            b'{"data":[{"external_id":"4L3cwQae2TX","topic":"event:klaviyo.sent_sms"}],'
            b'"meta":{"klaviyo_webhook_id":'
            b'"a8b890458b4bbfaa26d961471b83c101d6de23bd826e7e5173a15310985ec3cb"}}'
        )
        at = datetime(2024, 1, 4, 18, 5, 25, 891446, tzinfo=UTC)

        made = dict(
            klaviyo.headers([klaviyo.key("klaviyo-test-secret")], body, webhook_id="whk_1", at=at)
        )

        assert made == {
            "Content-Type": "application/json",
            "Klaviyo-Webhook-Id": "whk_1",
            "Klaviyo-Timestamp": "Thu, 04 Jan 2024 18:05:25 GMT",
            "Klaviyo-Signature": "5aa0e720d80b3a04ca04baf3c65cdfe31da57504af69fee8da29c35d45f0596b",
        }

    def test_the_body_says_which_account_and_webhook_it_is_from(self) -> None:
        """Receivers compare the id with the header's."""
        made = json.loads(klaviyo_body(a_delivery(body=BODY)))

        assert made["meta"] == {
            "klaviyo_account_id": TENANT,
            "klaviyo_webhook_id": "whk_1",
            "timestamp": "2026-11-20T13:04:05.123000+00:00",
        }

    def test_an_event_looks_like_the_answer_of_get_event(self) -> None:
        """That is what Klaviyo promises its receivers."""
        (entry,) = entries(BODY)

        assert entry["external_id"] == "evt_1"
        assert entry["topic"] == "event:klaviyo.clicked_email"
        event = entry["payload"]["data"]
        assert (event["type"], event["id"]) == ("event", "evt_1")
        assert event["attributes"]["event_properties"] == dict(an_event().properties)
        assert event["attributes"]["timestamp"] == int(AT.timestamp())
        assert event["attributes"]["datetime"] == "2026-11-20T13:04:05+00:00"
        uuid.UUID(event["attributes"]["uuid"])
        (person,) = entry["payload"]["included"]
        assert person["attributes"] == {"external_id": "customer-1", "email": "ada@example.com"}
        assert event["relationships"]["profile"]["data"]["id"] == person["id"]

    def test_an_event_about_nobody_names_nobody(self) -> None:
        """Segments and syncs have events, too."""
        (entry,) = entries(payload.render(an_event(profile=ProfileRef())))

        assert "included" not in entry["payload"]
        assert "profile" not in entry["payload"]["data"]["relationships"]

    @pytest.mark.parametrize(
        "body",
        [
            '{"order":1.0,"big":1e300}',
            '{"type":"other","timestamp":"x","data":{}}',
            '{"type":"message.email.clicked","timestamp":"yesterday","data":{}}',
            "[]",
            "",
        ],
    )
    def test_what_a_transform_made_is_the_payload_as_it_is(self, body: str) -> None:
        """Its author decided how it looks, to the last digit."""
        made = klaviyo_body(a_delivery(body=body))

        assert f'"payload":{body or "null"}}}],"meta"' in made.decode()

    def test_several_deliveries_of_one_event_have_ids_of_their_own(self) -> None:
        """A receiver that dedupes on external_id would lose all but the first."""
        first = a_delivery(body=BODY)
        second = a_delivery(body=BODY, id=ids.delivery_id(TENANT, "evt_1", "whk_1", position=1))

        assert klaviyo.external_id(first) == "evt_1"
        assert klaviyo.external_id(second) == second.id

    def test_while_secrets_overlap_the_old_one_signs(self) -> None:
        """There is room for one signature, and receivers have to learn the new secret first."""
        new, old = SharedKey(b"n" * 16), SharedKey(b"o" * 16)
        made = dict(klaviyo.headers([new, old], b"{}", webhook_id="whk_1", at=AT))

        expected = klaviyo.sign(old.secret, b"{}", timestamp=made["Klaviyo-Timestamp"])
        assert made["Klaviyo-Signature"] == expected

    @pytest.mark.parametrize(
        "text",
        ["", "fifteen-letters", "x" * 129, "with\nline-feeds-in", "ä" * 16, " " * 16,
         "with-a-blank-at-its-end ", " with-a-blank-before-it"],
    )  # fmt: skip
    def test_a_secret_that_klaviyo_would_refuse_is_refused(self, text: str) -> None:
        """Else nobody could type it into a receiver."""
        with pytest.raises(BadInput):
            klaviyo.key(text)

    def test_a_post_has_at_most_a_thousand_events_and_a_megabyte(self) -> None:
        """What receivers were told to expect."""
        assert klaviyo.fits(events=1000, entry_bytes=100_000)
        assert not klaviyo.fits(events=1001, entry_bytes=100_100)
        assert not klaviyo.fits(events=2, entry_bytes=1_000_000)
        size = len(klaviyo.entry(a_delivery(body=BODY)))
        alone = klaviyo_body(a_delivery(body=BODY))
        both = klaviyo_body(a_delivery(body=BODY), a_delivery(body=BODY))
        assert len(both) == len(alone) + size + 1

    @given(st.sampled_from([*sorted(topics.KNOWN), "metric.placed_order", "metric.a.b"]))
    def test_a_topic_and_its_name_at_klaviyo_lead_to_each_other(self, topic: str) -> None:
        """Who subscribed by Klaviyo's name gets it back."""
        name = topics.to_klaviyo(topic)

        assert name.startswith("event:penstock.") or topics.parse_all([name]) == (topic,)


class TestCloudEvents:
    """Structured mode, as the specification has it."""

    def test_the_document_carries_the_event_and_its_context(self) -> None:
        """Every attribute is a string with a name of lower-case letters and digits."""
        delivery = a_delivery(body=BODY)
        document = json.loads(cloudevents.body(delivery))

        data = document.pop("data")
        subject = document.pop("subject")
        assert subject.startswith("prf_")
        assert document == {
            "specversion": "1.0",
            "id": delivery.id,
            "source": "/penstock/acme",
            "type": "message.email.clicked",
            "datacontenttype": "application/json",
            "eventid": "evt_1",
            "time": NOW,
        }
        assert data == json.loads(BODY)["data"]
        assert all(name.isalnum() and name.islower() for name in document)

    def test_what_a_transform_made_is_the_data_as_it_is(self) -> None:
        """And nothing is said of when it happened, for nobody knows."""
        text = cloudevents.body(a_delivery(body='{"order":1.0}'))

        assert text.endswith('"data":{"order":1.0}}')
        assert "time" not in json.loads(text)

    def test_it_is_signed_like_any_other(self) -> None:
        """One verifier for both."""
        wire = formats.wire(
            a_webhook(format=Format.CLOUDEVENTS),
            a_delivery(body=BODY),
            keys=[formats.key(Format.CLOUDEVENTS, SECRET_A)],
            at=AT,
        )

        names = [name for name, _ in wire.headers]
        assert names == ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"]
        assert dict(wire.headers)["content-type"].startswith("application/cloudevents+json")


def test_a_private_key_cannot_sign_for_klaviyos_receivers() -> None:
    """Its text would silently become a shared secret."""
    with pytest.raises(BadInput) as refusal:
        formats.check_ed25519(Format.KLAVIYO)
    assert refusal.value.code == "bad_ed25519"
    assert isinstance(formats.key(Format.KLAVIYO, PRIVATE_KEY), SharedKey)
