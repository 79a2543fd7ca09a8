"""What follows from the changes of profiles, as Lambda is told of them."""

import json
from dataclasses import replace

import pytest

from functions import _stream
from functions._stream import StreamHandler
from runtime.core.erasure import erasure
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile_change import ProfileChange
from runtime.core.timeline.entry import EntryKind, Selection
from runtime.errors import Transient
from runtime.wiring.profiles import build_follower
from tests.builders import NOW, TENANT, a_profile
from tests.cloud import Cloud
from tests.streams import a_profile_record, a_removal, by_queue, install, rows

DONE = {"batchItemFailures": list[object]()}
Handler = StreamHandler[ProfileChange]


@pytest.fixture
def follow(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Handler:
    """The function, as after a cold start."""
    install(cloud, monkeypatch)
    return StreamHandler(build_follower)


def test_a_changed_profile_is_archived_and_its_timeline_says_what_changed(
    cloud: Cloud, follow: Handler
) -> None:
    """Compressed attributes come as base64 through the stream; following twice adds nothing."""
    before = a_profile(properties={"text": "x" * 5000}, stamps={"properties.text": "1|evt_0"})
    stamps = {"properties.text": f"{NOW}|evt_1"}
    after = replace(before, revision=2, properties={"text": "y" * 5000}, stamps=stamps)
    changed = a_profile_record(before, after)

    for _ in range(2):
        assert follow({"Records": [changed, a_removal(changed)]}, None) == DONE

    assert {(after.id, after.email)} == {(row["profile_id"], row["email"]) for row in rows(cloud)}
    (entry,) = cloud.timelines.page(TENANT, [after.id], Selection()).items
    assert (EntryKind.CHANGE, NOW, "evt_1") == (entry.kind, entry.at, entry.cause)
    assert ["properties.text"] == [each.attribute for each in entry.changes]
    assert [] == cloud.received("landed")


def test_a_merge_is_told_to_the_tenant(cloud: Cloud, follow: Handler) -> None:
    """Under the same id when the stream hands the change over again: receivers sort it out."""
    loser = a_profile(id="prf_loser")
    redirected = replace(profiles.redirect(loser, into="prf_1"), revision=loser.revision + 1)
    event = {"Records": [a_profile_record(loser, redirected)]}

    for _ in range(2):
        follow(event, None)

    first, second = (json.loads(message["Body"])["detail"] for message in cloud.received("landed"))
    assert first == second
    assert ("profile.merged", "system", {"id": "prf_1"}) == (
        first["topic"],
        first["origin"],
        first["profile"],
    )
    assert {"from": "prf_loser", "into": "prf_1"} == first["properties"]
    assert {(True, "prf_1")} == {(row["deleted"], row["merged_into"]) for row in rows(cloud)}


def test_a_late_record_about_an_erased_person_leaves_nothing_but_the_erasure(
    cloud: Cloud, follow: Handler
) -> None:
    """The stream may be behind: it then tells what was known before the person was erased."""
    before = a_profile(properties={"city": "Rome"})
    cloud.keep(before)
    job = erasure.requested(before, now=NOW, unique="job_x")
    assert cloud.erasures.begin(before, job, jobs=cloud.jobs)
    after = profiles.tombstone(before, now=NOW)
    records = [a_profile_record(None, before), a_profile_record(before, after)]

    follow({"Records": records}, None)

    assert [(after.revision, True, None)] == [
        (row["revision"], row["deleted"], row["email"]) for row in rows(cloud)
    ]
    assert () == cloud.timelines.page(TENANT, [before.id], Selection()).items
    [told] = cloud.received("landed")
    assert "profile.erased" == json.loads(told["Body"])["detail-type"]


def test_trouble_with_the_timelines_hands_the_batch_over_again(
    cloud: Cloud, follow: Handler
) -> None:
    """No entry is lost, and no notice goes out before it could be repeated."""
    cloud.clients.dynamodb.delete_table(TableName=cloud.timelines.table.name)

    with pytest.raises(Transient):
        follow({"Records": [a_profile_record(None, a_profile())]}, None)
    assert [] == cloud.received("aside")


def test_a_record_that_no_code_can_read_stops_nothing_and_is_parked_whole(
    cloud: Cloud, follow: Handler
) -> None:
    """Handed over again and again it would hold up every later change of its shard.

    The stream forgets it after a day; in the dead letters all of it waits until the code is mended.
    """
    profile = a_profile()
    broken = a_profile_record(None, profile)
    del broken["dynamodb"]["NewImage"]["tenant"]

    assert follow({"Records": [broken, a_profile_record(None, profile)]}, None) == DONE
    assert follow(by_queue(cloud.received("aside")), None) == DONE

    assert 1 == len(rows(cloud))
    (parked,) = cloud.received("dead")
    assert "unreadable_profile" == parked["MessageAttributes"]["code"]["StringValue"]
    assert broken["dynamodb"] == json.loads(parked["Body"])


def test_what_an_outage_has_kept_from_being_followed_for_an_hour_is_set_aside(
    cloud: Cloud, follow: Handler
) -> None:
    """The stream would forget it after a day; from the queue it is followed like any other."""
    late = a_profile_record(None, a_profile(properties={"bytes": "x" * 5000}))
    late["dynamodb"]["ApproximateCreationDateTime"] -= _stream.PATIENCE_S + 1

    assert follow({"Records": [late]}, None) == DONE
    assert [] == rows(cloud)
    assert follow(by_queue(cloud.received("aside")), None) == DONE

    assert ["ada@example.com"] == [row["email"] for row in rows(cloud)]


def test_a_queue_that_takes_nothing_leaves_the_records_to_the_stream(
    cloud: Cloud, follow: Handler
) -> None:
    """A record leaves the stream only for a place that keeps it."""
    broken = a_profile_record(None, a_profile())
    del broken["dynamodb"]["NewImage"]["tenant"]
    cloud.clients.sqs.delete_queue(QueueUrl=cloud.queue_url("aside"))

    with pytest.raises(Transient):
        follow({"Records": [broken]}, None)


def test_a_record_of_the_largest_profiles_is_kept_as_it_stands_now(
    cloud: Cloud, follow: Handler
) -> None:
    """Two images of 400 KB are more than a message holds."""
    broken = a_profile_record(a_profile(), a_profile())
    for image in ("OldImage", "NewImage"):
        broken["dynamodb"][image]["derived"] = {"S": "x" * 600_000}
    del broken["dynamodb"]["NewImage"]["tenant"]

    assert follow({"Records": [broken]}, None) == DONE

    (aside,) = cloud.received("aside")
    kept = json.loads(aside["Body"])
    assert broken["dynamodb"]["NewImage"] == kept["NewImage"]
    assert "OldImage" not in kept


@pytest.mark.parametrize(
    ("message", "code"), [("ceci n'est pas du JSON", "not_json"), ('{"shard": 1}', "not_a_record")]
)
def test_a_message_that_is_no_record_is_parked(
    cloud: Cloud, follow: Handler, message: str, code: str
) -> None:
    """It must not pass for a removal, from which nothing follows."""
    cloud.clients.sqs.send_message(QueueUrl=cloud.queue_url("aside"), MessageBody=message)

    assert follow(by_queue(cloud.received("aside")), None) == DONE

    (parked,) = cloud.received("dead")
    assert code == parked["MessageAttributes"]["code"]["StringValue"]
