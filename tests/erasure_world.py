"""A person who has left traces in every store, a neighbour, and what erases the person."""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.events.envelope import Event
from runtime.core.functions import error_groups
from runtime.core.functions.run import Outcome
from runtime.core.jobs.job import Job, JobKind, JobState
from runtime.core.json_text import dump
from runtime.core.profiles import profile as profiles
from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind
from runtime.core.warehouse.dialects.redshift import DIALECT
from runtime.core.warehouse.sync import DestinationKind
from runtime.stores.aws.s3 import Bucket
from runtime.stores.deliveries.deliveries import Deliveries
from runtime.stores.erasure.erasures import Erasures
from runtime.stores.functions.error_groups import ErrorGroups
from runtime.stores.functions.functions import Functions
from runtime.stores.tables import codec
from runtime.stores.tables.table import Table
from runtime.stores.warehouse.redshift.data_api import DataApi
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.archive.archive_batch import ArchiveBatch
from runtime.usecases.erasure.erase_events import EraseEvents
from runtime.usecases.erasure.erase_page import ErasePage
from runtime.usecases.erasure.records import EveryRecord
from runtime.usecases.erasure.request_erasure import RequestErasure
from runtime.usecases.jobs.work_jobs import WorkJobs
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.matching.fan_out import FanOut
from runtime.usecases.profiles.project_profile import ProjectProfiles
from runtime.usecases.warehouse.erase_rows import EraseRows
from runtime.usecases.warehouse.load_sql import LoadSql
from tests.builders import (
    NOW,
    TENANT,
    a_bus_event,
    a_delivery,
    a_function,
    a_run,
    a_sync,
    a_webhook,
    an_attempt,
)
from tests.cloud import RETENTION_DAYS, Cloud
from tests.doubles import FakeClock, Journal, MemoryWebhooks
from tests.erased_files import file_rows, file_steps
from tests.traced_person import NOISE, Person, names_of
from tests.warehouse import ROLE
from tests.warehouse import World as Warehouse

SECOND_LOOK_S: Final = 300
SCHEMA: Final = "penstock_acme"


ADA: Final = Person(word="canary-ada")
BOB: Final = Person(word="neighbour-bob")


@dataclass(kw_only=True)
class World:
    """The stores of one installation."""

    cloud: Cloud
    warehouse: Warehouse
    clock: FakeClock = field(default_factory=FakeClock)
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        """Two webhooks, one of which is gone, a function, and a sync."""
        webhooks = self.webhooks
        for name in ("whk_1", "whk_gone"):
            webhooks.add(a_webhook(id=name))
        webhooks.delete(TENANT, "whk_gone")
        Functions(config=self.cloud.config).add(a_function(name="f"))
        self.syncs.add(a_sync(kind=DestinationKind.REDSHIFT, schema=SCHEMA))

    @property
    def webhooks(self) -> Webhooks:
        """The tenant's webhooks."""
        return Webhooks(config=self.cloud.config)

    @property
    def syncs(self) -> Syncs:
        """The tenant's syncs."""
        return Syncs(config=self.cloud.config)

    @property
    def error_groups(self) -> ErrorGroups:
        """The error groups, beside the runs."""
        return ErrorGroups(
            table=self.cloud.runs.table, clock=self.clock, retention_days=RETENTION_DAYS
        )

    @property
    def redshift(self) -> LoadSql:
        """The warehouse that the sync loads."""
        return LoadSql(
            statements=DataApi(
                client=self.warehouse.client("redshift-data"),
                workgroup="penstock",
                database="penstock",
            ),
            schemas=self.warehouse.ledger(),
            dialect=DIALECT,
            uri=lambda key: f"s3://{self.warehouse.name}/{key}",
            copy_role=ROLE,
        )

    # --- what happens to people

    def arrive(self, *events: Event) -> None:
        """Events land: they are kept, matched and projected."""
        self.match(*events)
        self.project(*events)

    def match(self, *events: Event) -> None:
        """Events are kept and matched."""
        fan_out = FanOut(
            events=self.cloud.events,
            subscriptions=MemoryWebhooks(a_webhook()),
            erasures=self.erasures(),
            deliver=self.cloud.hints("deliver"),
            run=self.cloud.hints("run"),
            clock=self.clock,
            journal=self.journal,
        )
        bodies = [dump(a_bus_event(event.to_json())) for event in events]
        assert [None] * len(events) == fan_out(bodies)

    def project(self, *events: Event) -> None:
        """Events change profiles."""
        project = ProjectProfiles(people=self.cloud.people(), timelines=self.cloud.timelines)
        assert [None] * len(events) == project(events)

    def live(self, person: Person) -> None:
        """Leave traces of a person, who is two people at first, in every store."""
        click = "message.email.clicked"
        self.arrive(
            person.event("1", topic="profile.updated"),
            person.event("2", person.device, topic="profile.updated"),
            person.event("3", person.both, topic=click),
            replace(
                person.event("large", topic=click),
                properties={"text": person.word + NOISE[:50_000]},
            ),
        )
        said = f"{person.word} said so"
        large, event = person.word + NOISE, person.event("3")
        attempt = an_attempt(answer_excerpt=said)
        for webhook, changes in (
            ("whk_1", {"status": Status.PENDING, "due_at_ms": 1_995_179_845_123}),
            ("whk_gone", {"status": Status.DELIVERED, "body": large}),
        ):
            self.deliveries.add(
                a_delivery(
                    id=ids.delivery_id(TENANT, event.id, webhook),
                    webhook_id=webhook,
                    event_id=event.id,
                    **{"body": said, "attempts": (attempt,), **changes},
                )
            )
        by_function = ids.derive("dlv", "made by a function", person.word)
        self.deliveries.add(a_delivery(id=by_function, event_id=event.id, body=said))
        profile = self.profile_id(person)
        failed = a_run(
            id=ids.run_id(TENANT, event.id, "f"),
            function="f",
            event_id=event.id,
            profile_id=profile,
            outcome=Outcome.RAISED,
            error={"type": "KeyError", "message": said, "traceback": said},
            logs=({"message": said},),
            http_calls=({"host": "x.example.com", "path": f"/{person.word}"},),
            event=event.to_json(),
            due_at_ms=1_995_179_845_123,
        )
        # Its event is in no timeline any more; the list of the profile's runs leads to it.
        other = a_run(
            id=ids.run_id(TENANT, f"evt-{len(person.word)}-old", "f"),
            function="f",
            event_id=f"evt-{len(person.word)}-old",
            profile_id=profile,
            output={"text": large},
            effects=({"kind": "emit", "properties": {"text": said}},),
        )
        for run in (failed, other):
            self.cloud.runs.commit(run)
        for group in error_groups.group([replace(failed, due_at_ms=None)], function_created_at=""):
            self.error_groups.add(replace(group, id=f"{group.id}{len(person.word)}"))
        change = AttributeChange("properties.note", None, said)
        self.cloud.timelines.put(
            [
                Entry(
                    id=ids.derive("chg", person.word),
                    tenant=TENANT,
                    profile_id=profile,
                    kind=EntryKind.CHANGE,
                    at=NOW,
                    recorded_at=NOW,
                    changes=(change,),
                )
            ]
        )
        raw = [*map(person.event, "12"), person.event("3", person.both), person.bulky]
        self.warehouse.archive(*(replace(each, topic=click) for each in raw))
        profile_now = self.cloud.profiles.find(TENANT, profile)
        assert profile_now is not None
        self.warehouse.archive_profiles(profile_now)

    def load(self) -> None:
        """Load the warehouse."""
        self.warehouse.syncs.add(a_sync(kind=DestinationKind.REDSHIFT, schema=SCHEMA))
        self.warehouse.planner().sync_one(TENANT, "syn_1")

    def profile_id(self, person: Person) -> str:
        """The id of the person's profile."""
        holders = self.cloud.people().by_names(TENANT, names_of(person), again=True)
        (profile_id,) = {getattr(each, "id", "") for each in holders.values()}
        return profile_id

    def profile_of(self, person: Person) -> str:
        """The id of the profile that the person had first."""
        profile_id = profiles.id_by(TENANT, {"external_id": person.card.external_id})
        assert profile_id is not None
        return profile_id

    def archive(self, *events: Event) -> int | None:
        """Events reach the archive."""
        put = ArchiveBatch(
            raw_log=self.warehouse.raw_log(), erasures=self.erasures(), clock=self.clock
        )
        return put(events)

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries."""
        return self.cloud.deliveries

    # --- the erasure

    def erasures(self) -> Erasures:
        """What a process that has just started knows of erasures."""
        return self.cloud.erasures

    def request(self, person: Person) -> Job:
        """Ask for the person to be erased."""
        return self.request_by_id(self.profile_id(person))

    def request_by_id(self, profile_id: str) -> Job:
        """Ask for the person with this profile to be erased."""
        jobs = self.cloud.jobs
        return RequestErasure(
            profiles=self.cloud.profiles,
            begin=lambda profile, job: self.erasures().begin(profile, job, jobs=jobs),
            jobs=jobs,
            clock=self.clock,
            new_id=lambda prefix: f"{prefix}_22222222222222222",
        )(TENANT, profile_id)

    def step(self, cloud: Cloud | None = None) -> ErasePage:
        """The step of an erasure, on these stores."""
        cloud = cloud or self.cloud
        return ErasePage(
            merges=cloud.profiles.merges,
            timelines=cloud.timelines,
            runs=cloud.runs,
            erase_events=EraseEvents(
                erasures=cloud.erasures,
                events=cloud.events,
                records=EveryRecord(
                    runs=cloud.runs,
                    deliveries=cloud.deliveries,
                    functions=Functions(config=cloud.config),
                    webhooks=Webhooks(config=cloud.config),
                ),
                runs=cloud.runs,
                deliveries=cloud.deliveries,
                texts=cloud.bodies,
                error_groups=ErrorGroups(
                    table=cloud.runs.table, clock=self.clock, retention_days=RETENTION_DAYS
                ),
            ),
            warehouses=EraseRows(
                syncs=self.syncs, warehouses={DestinationKind.REDSHIFT: self.redshift}
            ),
            files=file_steps(
                Bucket(client=cloud.clients.s3, name=self.warehouse.name),
                Table(client=cloud.clients.tables, name=self.warehouse.name),
                configured=self.syncs,
                connect=self.warehouse.as_role,
                scratch=self.warehouse.folder,
                clock=self.clock,
            ),
            clock=self.clock,
            second_look_s=SECOND_LOOK_S,
        )

    def work(self, cloud: Cloud | None = None) -> None:
        """One call of the function `jobs`."""
        jobs = self.cloud.jobs
        WorkJobs(
            jobs=jobs,
            work_off=WorkOff(
                store=jobs,
                steps={JobKind.ERASURE: self.step(cloud)},
                budget_s=55,
                clock=self.clock,
            ),
            clock=self.clock,
        ).work_off()

    def erase(self, person: Person) -> Job:
        """Erase a person, to the end."""
        job = self.request(person)
        for _ in range(3):
            self.clock.advance(SECOND_LOOK_S + 1)
            self.work()
        done = self.cloud.jobs.get(TENANT, job.id)
        assert JobState.DONE is done.state, done
        return done

    # --- what is left

    def everything(self) -> dict[str, str]:
        """Every item of every table, every object and every row, in the clear, by where it is."""
        return {**self._items(), **self._objects(), **self._rows(), **file_rows(self.warehouse)}

    def traces(self, person: Person) -> list[str]:
        """Where something of the person is left."""
        return sorted(at for at, text in self.everything().items() if person.word in text)

    def _items(self) -> dict[str, str]:
        dynamodb = self.cloud.clients.dynamodb
        return {
            f"{table} {json.dumps(_key(item))}": _clear(item)
            for table in dynamodb.list_tables()["TableNames"]
            for page in dynamodb.get_paginator("scan").paginate(TableName=table)
            for item in page["Items"]
        }

    def _objects(self) -> dict[str, str]:
        bucket = self.cloud.bucket
        return {key: gzip.decompress(bucket.get(key)).decode() for key in self.cloud.objects()}

    def _rows(self) -> dict[str, str]:
        rows: dict[str, str] = {}
        keys = {"events": "id", "profiles": "profile_id", "_erasures": "profile_id"}
        for table, key in keys.items():
            for row in self.warehouse.query(f"SELECT * FROM {SCHEMA}.{table}"):  # noqa: S608 - ours
                rows[f"{table} {row[key]}"] = json.dumps(row, sort_keys=True)
        return rows


def _key(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: item[name]["S"] for name in ("pk", "sk") if name in item}


def _clear(item: Mapping[str, Any]) -> str:
    """An item with its compressed attributes read."""
    return json.dumps(
        {
            name: zlib.decompress(value["B"], wbits=codec.EITHER_FORM).decode()
            if "B" in value
            else value
            for name, value in item.items()
        },
        sort_keys=True,
        ensure_ascii=False,
    )
