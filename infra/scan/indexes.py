"""Says which tables of a release CloudFormation could not update from the release before.

DynamoDB makes or deletes one index of a table at a time, and CloudFormation asks for all of an
update's at once: an update with two of them fails half-way, on the installation of whoever has
data. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST: Final = 1  # indexes of one table that an update may make or delete
Template = Mapping[str, Any]


def impossible(before: Template, after: Template) -> Iterator[str]:
    """What an update could not do, a line for each table.

    Args:
        before: the template, or stack, of the release before.
        after: the same of this release.
    """
    old, new = _tables(before), _tables(after)
    # A table that is made gets all of its indexes at once.
    for table in sorted(old.keys() & new.keys()):
        for name in sorted(old[table].keys() & new[table].keys()):
            if old[table][name] != new[table][name]:
                yield (
                    f"{table}: the index {name} has another key or projection, and no index can be"
                    " changed: make one of another name, and delete this one in the next release"
                )
        changed = sorted(old[table].keys() ^ new[table].keys())
        if len(changed) > MOST:
            yield (
                f"{table}: {', '.join(changed)} are made or deleted at once, and an update can do"
                " one: spread them over releases"
            )


def _tables(template: Template) -> dict[str, dict[str, Any]]:
    """The indexes of each table by their names."""
    return {
        name: {
            index["IndexName"]: (index["KeySchema"], index["Projection"])
            for index in resource["Properties"].get("GlobalSecondaryIndexes", ())
        }
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
