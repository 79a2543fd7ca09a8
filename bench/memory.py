"""Measures how much memory `deliver` needs for the worst batches that we can make.

It runs in a process of its own, as in a Lambda, with the variables of the template. The emulated
AWS and the receivers run in other processes. So this counts what Lambda counts, except the ten
megabytes of Lambda's own runtime client. `python -m bench.memory` prints only this table.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.report import Row, table
from runtime.core import ids
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.json_text import dump
from runtime.core.webhooks import access
from runtime.core.webhooks.access import ClientCertificate, OAuth2
from runtime.core.webhooks.webhook import Sealed, SealedSecret, Webhook
from runtime.stores.tables.config import FRESH_S

if TYPE_CHECKING:
    from infra.scan.template import Resource
    from runtime.core.deliveries.delivery import Delivery
    from tests.certificates import Authority
    from tests.cloud import Cloud
    from tests.scripted_receiver import ScriptedReceiver

ROOT: Final = Path(__file__).parents[1]
TENANT: Final = "acme"
AT: Final = "2026-11-20T13:04:05.123Z"
BATCH: Final = 10
BATCHES: Final = 5
LARGE_BYTES: Final = 1_000_000  # of a body, as functions may make
ANSWER: Final = b"x" * 16 * 1024  # as long as the part of an answer that `deliver` reads
IDENTITIES: Final = (
    70  # endpoints with a client certificate: more than the egress keeps contexts for
)
WEBHOOKS: Final = 5_000  # of one tenant, each with a filter
LOGIN_CHARS: Final = 600
ARENAS: Final = "MALLOC_ARENA_MAX"
Deliver = Callable[[Any], int]  # takes an event, gives the peak in KB; negative if a record failed


@dataclass(kw_only=True)
class _Stage:
    """A tenant with webhooks of each kind, and `deliver` in a process of its own."""

    cloud: "Cloud"
    receiver: "ScriptedReceiver"
    authority: "Authority"
    peaks: list[tuple[str, int]] = field(default_factory=list)

    def play(self, deliver: Deliver) -> None:
        """Run batches of several kinds, each worse than the one before, and note each peak."""
        plain_webhook, login_webhook = (
            self.webhook("plain"),
            self.webhook("login", auth=self._login()),
        )
        identified_webhooks = [
            self.webhook(f"own-{n}", **self._identity()) for n in range(IDENTITIES)
        ]
        self.note("started", deliver, [])
        self.note(
            f"{BATCHES * BATCH} small ones", deliver, self.deliveries(plain_webhook, body='{"n":1}')
        )
        self.crowd()
        for change in ("all at once", "then a change to one"):
            plain_webhook = self.changed(plain_webhook, name=change)
            messages = self.deliveries(plain_webhook, body=json.dumps({"change": change}))
            self.note(f"and {WEBHOOKS} webhooks, {change}", deliver, messages)
        # With one emoji in it, Python keeps each character of a text in four bytes.
        body = dump({"data": os.urandom(LARGE_BYTES // 2).hex(), "mood": "😀"})
        self.note(
            f"and {BATCHES * BATCH} of 1 MB on S3, to an endpoint with OAuth2",
            deliver,
            self.deliveries(login_webhook, body=body),
        )
        self.note(
            f"and {IDENTITIES} endpoints with client certificates",
            deliver,
            [
                each
                for webhook in identified_webhooks
                for each in self.deliveries(webhook, body='{"n":3}', count=1)
            ],
        )

    def note(self, title: str, deliver: Deliver, messages: Sequence[DeliverMessage]) -> None:
        """Give the messages to `deliver`, ten at a time, and note its peak."""
        from tests.builders import an_sqs_event

        batches = [messages[n : n + BATCH] for n in range(0, len(messages), BATCH)]
        events = [an_sqs_event(*(each.to_json() for each in batch)) for batch in batches]
        peaks_kb = [deliver(event) for event in events] or [deliver(None)]
        if min(peaks_kb) < 0:
            raise RuntimeError(f"deliver failed: {title}")
        self.peaks.append((title, peaks_kb[-1]))

    def webhook(self, name: str, **changes: Any) -> Webhook:
        """Make a webhook with this name."""
        from runtime.stores.webhooks.webhooks import Webhooks
        from tests.vectors import SECRET_A

        webhook = Webhook(
            id=ids.derive("whk", name),
            tenant=TENANT,
            name=name,
            url=self.receiver.url(f"/{name}"),
            topics=("metric.placed_order",),
            created_at=AT,
            secrets=(SealedSecret(ciphertext=self._seal(SECRET_A), created_at=AT),),
            **changes,
        )
        Webhooks(config=self.cloud.config).add(webhook)
        return webhook

    def changed(self, webhook: Webhook, *, name: str) -> Webhook:
        """Rename a webhook, and wait until every worker has seen the change."""
        from runtime.stores.webhooks.webhooks import Webhooks

        after = replace(webhook, name=name)
        Webhooks(config=self.cloud.config).replace(webhook, after)
        threading.Event().wait(2 * FRESH_S)
        return after

    def crowd(self) -> None:
        """Make thousands of webhooks."""
        from runtime.stores.tables import codec, keys
        from runtime.stores.webhooks import items

        secret = SealedSecret(ciphertext=self._seal("s" * 44), created_at=AT)
        webhooks = (
            Webhook(
                id=ids.derive("whk", str(number)),
                tenant=TENANT,
                name=f"orders of customer {number}",
                url=f"https://customer-{number}.example.com/webhooks/orders",
                topics=("metric.placed_order", "message.email.*"),
                created_at=AT,
                filter={"properties": {"customer": [f"customer-{number}"]}},
                secrets=(secret,),
            )
            for number in range(WEBHOOKS)
        )
        self.cloud.config.table.put_many(
            items.webhook_item(each)
            | codec.key({"pk": keys.tenant(TENANT), "sk": keys.webhook(each.id)})
            for each in webhooks
        )

    def deliveries(
        self, webhook: Webhook, *, body: str, count: int = BATCHES * BATCH
    ) -> list[DeliverMessage]:
        """Put deliveries on record that wait for their first attempt, and give their messages."""
        from tests.builders import NOW_MS, a_delivery

        records: list[Delivery] = []
        for number in range(count):
            event_id = ids.derive("evt", webhook.id, body[:20], str(number))
            delivery = a_delivery(
                id=ids.delivery_id(TENANT, event_id, webhook.id),
                tenant=TENANT,
                webhook_id=webhook.id,
                event_id=event_id,
                body=body,
                attempts=(),
                due_at_ms=NOW_MS,
            )
            self.cloud.deliveries.add(delivery)
            records.append(delivery)
        return [
            DeliverMessage(
                tenant=TENANT,
                delivery_id=each.id,
                webhook_id=each.webhook_id,
                event_id=each.event_id,
                topic=each.topic,
                body=None,
            )
            for each in records
        ]

    def _login(self) -> Sealed:
        login = OAuth2(
            token_url=self.receiver.url("/token"),
            client_id="penstock",
            client_secret="s" * LOGIN_CHARS,
        )
        return Sealed(ciphertext=self._seal(access.login_text(login)), shown=("?",))

    def _identity(self) -> dict[str, Sealed]:
        certificate, key = self.authority.client()
        text = access.certificate_text(ClientCertificate(certificate=certificate, private_key=key))
        return {"client_certificate": Sealed(ciphertext=self._seal(text), shown=("?",))}

    def _seal(self, text: str) -> str:
        return self.cloud.secrets.seal(TENANT, text)


def measure() -> Iterator[Row]:
    """The peak of memory after each kind of batch."""
    from tests import cloud as clouds
    from tests.certificates import Authority
    from tests.flows.bus import environment
    from tests.scripted_receiver import ScriptedReceiver, answer

    with (
        tempfile.TemporaryDirectory() as folder,
        clouds.emulator("memory") as endpoint,
        clouds.on_local_cloud(endpoint) as cloud,
        environment(cloud, "deliver") as variables,
    ):
        authority = Authority.create(Path(folder))
        variables.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
        with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
            token = json.dumps({"access_token": "t" * LOGIN_CHARS, "expires_in": 3600})
            receiver.script("/token", answer(body=token.encode()))
            for name in ("plain", "login", *(f"own-{n}" for n in range(IDENTITIES))):
                receiver.script(f"/{name}", answer(body=ANSWER))
            stage = _Stage(cloud=cloud, receiver=receiver, authority=authority)
            with _deliver(_trust(authority, Path(folder))) as deliver:
                stage.play(deliver)
    size_mb = _function().properties["MemorySize"]
    for title, peak_kb in stage.peaks:
        yield Row(
            what=f"memory of `deliver`: {title}",
            value=f"{peak_kb / 1024:.0f} MB",
            how=f"the most so far, resident, of {size_mb} MB that the template gives it",
        )


def _function() -> "Resource":
    from infra.scan import template

    [function] = [each for each in template.functions() if each.name == "DeliverFunction"]
    return function


def _given() -> dict[str, str]:
    variables: dict[str, str] = _function().properties["Environment"]["Variables"]
    return variables


def _trust(authority: "Authority", folder: Path) -> Path:
    """A file with the public authorities, which take memory as in a Lambda, and the receiver's."""
    import certifi
    from cryptography.hazmat.primitives import serialization

    ours = authority.certificate.public_bytes(serialization.Encoding.PEM).decode()
    file = folder / "authorities.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8") + ours, encoding="utf-8")
    return file


@contextmanager
def _deliver(authorities: Path) -> Iterator[Deliver]:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench.invoked", str(authorities)],
        cwd=ROOT,
        env={**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "deliver", ARENAS: _given()[ARENAS]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    to_process, from_process = process.stdin, process.stdout
    if to_process is None or from_process is None:
        raise RuntimeError("no pipes")

    def deliver(event: Any) -> int:
        to_process.write(json.dumps(event) + "\n")
        to_process.flush()
        return int(from_process.readline() or "-1")

    try:
        yield deliver
    finally:
        process.communicate()


if __name__ == "__main__":
    print(table(measure()))
