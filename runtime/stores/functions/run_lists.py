"""Lists runs by age: all runs of a function, those that failed, and those about a profile.

Nothing scans the table. A run that succeeded is in the list of its function and, if its event is
about a profile, in that profile's; one that failed is in a list of its own, too, so that few
failures among millions of runs are found at once.
"""

from dataclasses import replace

from runtime.core.functions.run import Run
from runtime.core.functions.selection import RunSelection
from runtime.core.page import Page
from runtime.stores.functions import items
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table


def position(run: Run) -> str:
    """Where a run stands in each of its lists."""
    return keys.in_time(run.created_at, run.id)


def index_keys(run: Run) -> Item:
    """The attributes by which the indexes list a run."""
    lists = {"list_sk": position(run), "by_function_pk": keys.by_function(run.tenant, run.function)}
    if run.outcome.failed:
        lists["failed_pk"] = keys.by_function(run.tenant, run.function)
    if run.profile_id is not None:
        lists["by_profile_pk"] = keys.by_profile(run.tenant, run.profile_id)
    return codec.key(lists)


def page(
    table: Table,
    tenant: str,
    selection: RunSelection,
    *,
    after: str | None,
    limit: int,
    oldest_first: bool,
) -> Page[Run]:
    """A page of the runs of a function, or of those about a profile; it may be short.

    Raises:
        ValueError: the selection names neither.
    """
    if selection.profile_id is not None:
        ages = _ages("by_profile", keys.by_profile(tenant, selection.profile_id), selection)
    elif selection.function is not None:
        index = "failed" if selection.only_failed else "by_function"
        ages = _ages(index, keys.by_function(tenant, selection.function), selection)
    else:
        raise ValueError("runs are listed by function or by profile")
    ages = replace(ages, oldest_first=oldest_first)
    if selection.profile_id is not None:
        runs = _of_keys(table, ages, after=after, limit=limit)
    else:
        query = ages.query(
            after=after,
            outcome=selection.outcome,
            version=selection.version,
            topic=selection.topic,
            event_id=selection.event_id,
        )
        runs = table.bounded_page(query, items.run, limit=limit, position=records.position)
    return Page(items=tuple(filter(selection.takes, runs.items)), after=runs.after)


def _ages(index: str, partition: str, selection: RunSelection) -> records.AgeList:
    return records.AgeList(
        index=index, partition=partition, since=selection.since, until=selection.until
    )


def _of_keys(table: Table, ages: records.AgeList, *, after: str | None, limit: int) -> Page[Run]:
    """The runs of an index that holds keys only, because it is billed by its size."""
    ids = table.bounded_page(
        ages.query(after=after),
        lambda item: str(item["pk"]["S"]),
        limit=limit,
        position=records.position,
    )
    records_by_id = {
        run.id: run for run in map(items.run, table.get_many({"pk": each} for each in ids.items))
    }
    every = (records_by_id[each] for each in ids.items if each in records_by_id)
    return Page(items=tuple(every), after=ids.after)
