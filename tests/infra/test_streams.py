"""What must hold of the functions that follow a table's stream."""

from typing import Final

import pytest

from functions._stream import PATIENCE_S
from infra.scan import template
from infra.scan.template import Resource

STREAM_S: Final = 24 * 3600  # as long as DynamoDB keeps a stream's records
FOLLOWERS: Final = [each for each in template.functions() if template.events(each, "DynamoDB")]


@pytest.mark.parametrize("follower", FOLLOWERS, ids=lambda each: each.id)
def test_a_follower_sets_records_aside_long_before_lambda_gives_up_on_them(
    follower: Resource,
) -> None:
    """Lambda keeps only places in the stream; the function keeps the records, whole."""
    variables = follower.properties["Environment"]["Variables"]
    [queue] = template.events(follower, "SQS")
    kept_in = template.resolve(queue["Queue"], stack=follower.stack)
    assert kept_in == template.resolve(variables["PENSTOCK_ASIDE_QUEUE_URL"], stack=follower.stack)
    for stream in template.events(follower, "DynamoDB"):
        assert "MaximumRetryAttempts" not in stream  # an outage has more tries than anybody counts
        assert 2 * PATIENCE_S < stream["MaximumRecordAgeInSeconds"] < STREAM_S - 2 * PATIENCE_S


@pytest.mark.parametrize("follower", FOLLOWERS, ids=lambda each: each.id)
def test_a_person_hears_of_a_stream_that_stands_still_before_its_records_are_set_aside(
    follower: Resource,
) -> None:
    """An hour is for mending; what is set aside comes more slowly, and costs more."""
    [alarm] = [
        each
        for each in template.resources("AWS::CloudWatch::Alarm")
        if each.properties.get("MetricName") == "IteratorAge"
        and follower.id
        == template.resolve(each.properties["Dimensions"][0]["Value"], stack=each.stack)
    ]
    assert alarm.properties["Threshold"] <= PATIENCE_S * 1000 / 2
