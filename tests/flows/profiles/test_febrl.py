"""People of a published record-linkage data set: who shares an exact name is one profile."""

import csv
import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import networkx as nx
import pytest

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles.names import NameRules
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests.builders import TENANT, an_event
from tests.cloud import Cloud, emulator, in_process, on_local_cloud

RECORDS: Final = Path(__file__).with_name("febrl4.csv.gz")
RULES: Final = NameRules(own_kinds=("born", "home"))
BATCH: Final = 10
SOME: Final = 100  # people, for a test of every day; all of them take minutes


def records() -> Sequence[Mapping[str, str]]:
    """All records, in a random order that is the same each time."""
    with gzip.open(RECORDS, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    random.Random(4).shuffle(rows)  # noqa: S311 - the same again each time
    return rows


def person_of(record: Mapping[str, str]) -> str:
    """The number that a record and its copy share."""
    return record["rec_id"].split("-")[1]


def event_of(record: Mapping[str, str]) -> Event:
    """What a system would send of a record."""
    others = {kind: record[kind] for kind in RULES.own_kinds if record[kind]}
    return an_event(
        id=record["rec_id"],
        topic="profile.updated",
        profile=ProfileRef(external_id=record["soc_sec_id"], names=others),
        properties={record["rec_id"]: True},
    )


def linked(rows: Sequence[Mapping[str, str]]) -> set[frozenset[str]]:
    """The records that networkx finds connected by a name that they share."""
    graph = nx.Graph()
    for record in rows:
        graph.add_node(record["rec_id"])
        for kind in ("soc_sec_id", *RULES.own_kinds):
            if record[kind]:
                graph.add_edge(record["rec_id"], (kind, record[kind]))
    return {
        frozenset(node for node in people if isinstance(node, str))
        for people in nx.connected_components(graph)
    }


def profiles_of(cloud: Cloud) -> Iterator[frozenset[str]]:
    """The records that each profile is made of."""
    for item in cloud.profiles.table.query(
        {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"tenant#{TENANT}"}},
        }
    ):
        key = item["sk"]["S"]
        profile = cloud.profiles.find(TENANT, key)
        assert profile is not None
        if profile.id == key:  # a redirect leads to another
            yield frozenset(profile.properties)


def check(cloud: Cloud, rows: Sequence[Mapping[str, str]]) -> None:
    """See that the profiles are the components that the names connect."""
    project = ProjectProfiles(people=cloud.people(RULES), timelines=cloud.timelines)
    events = [event_of(record) for record in rows]
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        assert [None] * len(batch) == project(batch)

    assert linked(rows) == set(profiles_of(cloud))


def test_who_shares_a_name_is_one_profile() -> None:
    """Some of the people, with both of their records, in any order."""
    everybody = sorted({person_of(record) for record in records()})
    chosen = set(everybody[:SOME])
    with in_process() as cloud:
        check(cloud, [record for record in records() if person_of(record) in chosen])


@pytest.mark.chaos
def test_all_who_share_a_name_are_one_profile() -> None:
    """The whole set, on the local cloud: moto copies every table for each transaction."""
    with emulator("febrl") as endpoint, on_local_cloud(endpoint) as cloud:
        check(cloud, records())
