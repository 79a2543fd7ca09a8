"""Composition root of the HTTP API: its use cases with their stores."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from runtime import settings
from runtime.core import ids
from runtime.core.timestamps import timestamp
from runtime.core.webhooks import signing
from runtime.core.webhooks.access import ClientCertificate
from runtime.core.webhooks.webhook import KeyKind
from runtime.egress import handshake, identity, resolver, urls
from runtime.egress.client import SyncEgress
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import Lookup, Resolver
from runtime.settings import Settings
from runtime.stores import bodies
from runtime.stores.aws.clients import Clients
from runtime.stores.bus import Bus
from runtime.stores.deliveries import delivery_log
from runtime.stores.deliveries.deliveries import Deliveries
from runtime.stores.deliveries.replays import Replays
from runtime.stores.functions.functions import Functions
from runtime.stores.functions.runs import Runs
from runtime.stores.functions.sandbox_function import SandboxFunction
from runtime.stores.pacing.endpoints import Endpoints
from runtime.stores.profiles.profiles import Profiles
from runtime.stores.queues import Hints, Queue
from runtime.stores.secrets import Secrets
from runtime.stores.tables import config
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.api_keys import ApiKeys, Tenants
from runtime.stores.tenancy.claims import Claims
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.sync_function import SyncFunction
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.deliveries.list_deliveries import ListDeliveries
from runtime.usecases.deliveries.replay_deliveries import RetryDelivery, StartReplay
from runtime.usecases.deliveries.show_delivery import ShowDelivery
from runtime.usecases.events.accept_events import AcceptEvents
from runtime.usecases.functions.create_function import CreateFunction, UpdateFunction
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from runtime.usecases.functions.set_secret import SetSecret
from runtime.usecases.functions.show_run import ShowRun
from runtime.usecases.profiles.show_profile import ShowProfile
from runtime.usecases.tenancy.answer_once import AnswerOnce
from runtime.usecases.tenancy.authenticate import Authenticate
from runtime.usecases.tenancy.create_api_key import CreateApiKey
from runtime.usecases.tenancy.create_tenant import CreateTenant
from runtime.usecases.warehouse.create_sync import CreateSync
from runtime.usecases.warehouse.trigger_sync import TriggerSync
from runtime.usecases.webhooks.create_webhook import CreateWebhook, WebhookRules
from runtime.usecases.webhooks.make_secret import MakeSecret
from runtime.usecases.webhooks.rotate_secret import RotateSecret
from runtime.usecases.webhooks.seal_access import SealAccess
from runtime.usecases.webhooks.switch_webhook import SwitchWebhook
from runtime.usecases.webhooks.try_webhook import TryWebhook
from runtime.usecases.webhooks.update_webhook import UpdateWebhook
from runtime.wiring import parts

ID_RANDOM_BYTES = 16
VET_DEADLINE_S = 3.0  # somebody waits for the answer; names that need longer are asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """All that the API can do: stores to list and read from, and the use cases."""

    webhooks: Webhooks
    functions: Functions
    list_deliveries: ListDeliveries
    runs: Runs
    syncs: Syncs
    ledger: Ledger
    api_keys: ApiKeys
    authenticate: Authenticate
    answer_once: AnswerOnce
    accept_events: AcceptEvents
    create_webhook: CreateWebhook
    update_webhook: UpdateWebhook
    rotate_secret: RotateSecret
    switch_webhook: SwitchWebhook
    try_webhook: TryWebhook
    replays: Replays
    start_replay: StartReplay
    retry_delivery: RetryDelivery
    create_function: CreateFunction
    update_function: UpdateFunction
    push_version: PushVersion
    publish_version: PublishVersion
    set_secret: SetSecret
    show_delivery: ShowDelivery
    show_profile: ShowProfile
    show_run: ShowRun
    create_sync: CreateSync
    trigger_sync: TriggerSync
    create_api_key: CreateApiKey
    create_tenant: CreateTenant


def load() -> Api:
    """The API of the installation that this process belongs to."""
    return build(settings.load())


def build(given: Settings, *, look_up: Lookup = resolver.look_up) -> Api:
    """The API of an installation; `look_up` asks the name servers."""
    clients = parts.clients(given)
    table = config.table(clients.tables, given.config_table)
    stored = _records(clients, given)
    webhooks, functions, syncs = (
        Webhooks(config=table),
        Functions(config=table),
        Syncs(config=table),
    )
    sealing = Secrets(client=clients.kms, key_id=given.kms_key_id, random=secrets.token_bytes)
    policy = EgressPolicy(allow_local=given.allow_local_http, ports=given.webhook_ports)
    make_secret = MakeSecret(new_text=_new_signing_secret, seal=sealing.seal)
    seal_access = SealAccess(
        seal=sealing.seal, check_url=_url_check(policy), read_certificate=_certificate_end
    )
    rules = WebhookRules(
        functions=functions,
        vet_url=_url_vet(policy, look_up),
        ask_receiver=partial(handshake.ask, policy),
    )
    replays = Replays(table=stored.deliveries.table, retention_days=given.retention_days)
    deliver_queue = Hints(queue=Queue(client=clients.queues, url=given.deliver_queue_url))
    bus = Bus(client=clients.events, name=given.bus)
    switch = SwitchWebhook(
        webhooks=webhooks,
        endpoints=Endpoints(table=stored.deliveries.table, clock=_now),
        bus=bus,
        clock=_now,
    )
    return Api(
        webhooks=webhooks,
        functions=functions,
        syncs=syncs,
        ledger=Ledger(table=Table(client=clients.tables, name=given.ledger_table)),
        list_deliveries=ListDeliveries(deliveries=stored.deliveries, webhooks=webhooks),
        runs=stored.runs,
        api_keys=ApiKeys(config=table),
        authenticate=Authenticate(keys=ApiKeys(config=table)),
        answer_once=AnswerOnce(
            claims=Claims(config=table), seal=sealing.seal, unseal=sealing.open, clock=_now
        ),
        accept_events=AcceptEvents(bus=bus, clock=_now, new_id=_new_id),
        create_webhook=CreateWebhook(
            webhooks=webhooks,
            rules=rules,
            new_id=_new_id,
            make_secret=make_secret,
            seal_access=seal_access,
            clock=_now,
        ),
        update_webhook=UpdateWebhook(
            webhooks=webhooks, rules=rules, seal_access=seal_access, switch=switch
        ),
        rotate_secret=RotateSecret(webhooks=webhooks, make_secret=make_secret, clock=_now),
        switch_webhook=switch,
        try_webhook=TryWebhook(
            deliveries=stored.deliveries,
            webhooks=webhooks,
            hints=deliver_queue,
            new_id=_new_id,
            clock=_now,
        ),
        replays=replays,
        start_replay=StartReplay(replays=replays, webhooks=webhooks, new_id=_new_id, clock=_now),
        retry_delivery=RetryDelivery(
            deliveries=stored.deliveries,
            webhooks=webhooks,
            hints=deliver_queue,
            clock=_now,
        ),
        create_function=CreateFunction(functions=functions, clock=_now),
        update_function=UpdateFunction(functions=functions),
        push_version=PushVersion(
            functions=functions,
            sandbox=SandboxFunction(client=clients.functions, name=given.sandbox_function),
            clock=_now,
        ),
        publish_version=PublishVersion(functions=functions),
        set_secret=SetSecret(functions=functions, seal=sealing.seal),
        show_delivery=ShowDelivery(deliveries=stored.deliveries),
        show_profile=ShowProfile(profiles=stored.profiles),
        show_run=ShowRun(runs=stored.runs),
        create_sync=CreateSync(syncs=syncs, new_id=_new_id, clock=_now),
        trigger_sync=TriggerSync(
            syncs=syncs,
            starter=SyncFunction(client=clients.functions, name=given.sync_function),
        ),
        create_api_key=_create_api_key(table),
        create_tenant=_create_tenant(table),
    )


def tenants(config_table: str) -> CreateTenant:
    """Making tenants in an installation whose config table is known: for an admin's machine."""
    clients = parts.clients(settings.load())
    return _create_tenant(config.table(clients.tables, config_table))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    deliveries: Deliveries
    runs: Runs
    profiles: Profiles


def _records(clients: Clients, given: Settings) -> _Records:
    def table(name: str) -> Table:
        return Table(client=clients.tables, name=name)

    days = given.retention_days
    kept = bodies.in_bucket(given.bucket, clients)
    profiles = Profiles(table=table(given.profiles_table))
    log = delivery_log.in_table(given.delivery_log_table, clients, days)
    return _Records(
        deliveries=Deliveries(table=table(given.deliveries_table), log=log, bodies=kept),
        runs=Runs(
            table=table(given.runs_table), profiles=profiles, bodies=kept, retention_days=days
        ),
        profiles=profiles,
    )


def _create_api_key(table: config.Config) -> CreateApiKey:
    return CreateApiKey(keys=ApiKeys(config=table), clock=_now, random=secrets.token_bytes)


def _create_tenant(table: config.Config) -> CreateTenant:
    return CreateTenant(
        tenants=Tenants(config=table), create_api_key=_create_api_key(table), clock=_now
    )


def _url_check(policy: EgressPolicy) -> Callable[[str], None]:
    def check(url: str) -> None:
        urls.check(url, policy)

    return check


def _url_vet(policy: EgressPolicy, look_up: Lookup) -> Callable[[str], object]:
    egress = SyncEgress(policy, resolver=Resolver(policy, lookup=look_up))
    return partial(egress.vet, deadline_s=VET_DEADLINE_S)


def _certificate_end(given: ClientCertificate, /) -> str:
    certificate = identity.Identity(certificate=given.certificate, private_key=given.private_key)
    return timestamp(identity.read(certificate, now=_now()))


def _new_signing_secret(kind: KeyKind, /) -> str:
    if kind is KeyKind.ED25519:
        return signing.new_private_key(secrets.token_bytes(signing.SEED_BYTES))
    return signing.new_secret(secrets.token_bytes(signing.NEW_SECRET_BYTES))


def _new_id(prefix: str) -> str:
    return ids.derive(prefix, secrets.token_hex(ID_RANDOM_BYTES))


def _now() -> datetime:
    return datetime.now(UTC)
