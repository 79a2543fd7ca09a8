"""What the API does with webhooks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from runtime.core.timestamps import timestamp
from runtime.core.webhooks import signing
from runtime.core.webhooks.access import ClientCertificate
from runtime.core.webhooks.webhook import KeyKind
from runtime.egress import identity, urls
from runtime.egress.policy import EgressPolicy
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.webhooks.create_webhook import CreateWebhook, WebhookRules
from runtime.usecases.webhooks.delete_webhook import DeleteWebhook
from runtime.usecases.webhooks.make_secret import MakeSecret
from runtime.usecases.webhooks.rotate_secret import RotateSecret
from runtime.usecases.webhooks.seal_access import SealAccess
from runtime.usecases.webhooks.switch_webhook import SwitchWebhook
from runtime.usecases.webhooks.try_webhook import TryWebhook
from runtime.usecases.webhooks.update_webhook import UpdateWebhook
from runtime.wiring import parts, worker

# At run time what dials is imported when a URL is looked at first: most calls of the API are about
# none, and it takes longer to import than the rest of this domain.
if TYPE_CHECKING:
    from runtime.egress.client import SyncEgress
    from runtime.egress.resolver import Lookup

# How long the name servers may take, in seconds. A caller waits meanwhile, and may try again.
VET_DEADLINE_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookApi:
    """What the API does with webhooks."""

    store: Webhooks  # to list and show them
    create: CreateWebhook
    update: UpdateWebhook
    delete: DeleteWebhook
    rotate_secret: RotateSecret
    switch: SwitchWebhook
    try_out: TryWebhook


def build(clients: Clients, installation: Settings, *, look_up: "Lookup | None") -> WebhookApi:
    """The use cases of webhooks, with their stores; `look_up` as for the whole API."""
    webhooks = parts.webhooks(clients, installation)
    seal = parts.secrets(clients, installation).seal
    policy = EgressPolicy(
        allow_local=installation.allow_local_http, ports=installation.webhook_ports
    )
    make_secret = MakeSecret(new_text=_new_signing_secret, seal=seal)
    seal_access = SealAccess(
        seal=seal, check_url=_url_check(policy), read_certificate=_certificate_end
    )
    rules = WebhookRules(
        functions=parts.functions(clients, installation),
        vet_url=_url_vet(policy, look_up),
        ask_receiver=_receiver_question(policy),
    )
    switch = SwitchWebhook(
        webhooks=webhooks,
        endpoints=parts.endpoints(clients, installation),
        bus=parts.bus(clients, installation),
        clock=worker.now,
    )
    return WebhookApi(
        store=webhooks,
        create=CreateWebhook(
            webhooks=webhooks,
            rules=rules,
            new_id=parts.new_id,
            make_secret=make_secret,
            seal_access=seal_access,
            clock=worker.now,
        ),
        update=UpdateWebhook(
            webhooks=webhooks, rules=rules, seal_access=seal_access, switch=switch
        ),
        delete=DeleteWebhook(webhooks=webhooks),
        rotate_secret=RotateSecret(webhooks=webhooks, make_secret=make_secret, clock=worker.now),
        switch=switch,
        try_out=TryWebhook(
            deliveries=parts.deliveries(clients, installation),
            webhooks=webhooks,
            hints=parts.hints(clients, installation.deliver_queue_url),
            new_id=parts.new_id,
            clock=worker.now,
        ),
    )


def _url_check(policy: EgressPolicy) -> Callable[[str], None]:
    def check(url: str) -> None:
        urls.check(url, policy)

    return check


def _url_vet(policy: EgressPolicy, look_up: "Lookup | None") -> Callable[[str], object]:
    @cache
    def egress() -> "SyncEgress":
        from runtime.egress import resolver
        from runtime.egress.client import SyncEgress

        lookup = resolver.look_up if look_up is None else look_up
        return SyncEgress(policy, resolver=resolver.Resolver(policy, lookup=lookup))

    def vet(url: str) -> object:
        return egress().vet(url, deadline_s=VET_DEADLINE_S)

    return vet


def _receiver_question(policy: EgressPolicy) -> Callable[[str], None]:
    def ask(url: str) -> None:
        from runtime.egress import handshake

        handshake.ask(policy, url)

    return ask


def _certificate_end(client: ClientCertificate, /) -> str:
    certificate = identity.Identity(certificate=client.certificate, private_key=client.private_key)
    return timestamp(identity.read(certificate, now=worker.now()))


def _new_signing_secret(kind: KeyKind, /) -> str:
    if kind is KeyKind.ED25519:
        return signing.new_private_key(secrets.token_bytes(signing.SEED_BYTES))
    return signing.new_secret(secrets.token_bytes(signing.NEW_SECRET_BYTES))
