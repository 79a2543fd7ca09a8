"""One page makes every key, and no two things have the same one."""

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.functions import error_groups
from runtime.core.functions.run import Outcome
from runtime.stores.tables import keys, prefixes, shards
from tests.builders import NOW, a_run

STORES: Final = Path(__file__).parents[5] / "runtime" / "stores"
# What shares a partition key, or the sort key of one partition. Each function takes names.
SHARING: Final[Mapping[type[StrEnum], tuple[Callable[..., str], ...]]] = {
    prefixes.ConfigPartition: (keys.tenant, keys.api_key_by_hash),
    prefixes.ConfigSort: (
        *(keys.webhook, keys.function, keys.sync, keys.claim, keys.api_key),
        keys.used_on,
    ),
    prefixes.DeliveriesPartition: (keys.endpoint, keys.rate, keys.permits, keys.replay),
    prefixes.DueShard: (),
    prefixes.EventsPartition: (keys.event, keys.event_log),
    prefixes.RunsPartition: (
        keys.permits,
        keys.error_day,
        keys.function_health,
        keys.canary_counts,
    ),
    prefixes.RunsIndexPartition: (keys.errors_of,),
    prefixes.RunsDueShard: (),
    prefixes.NamesPartition: (keys.name, keys.merge, keys.salt),
    prefixes.LedgerPartition: (keys.loads_of, keys.schema, keys.usage),
    prefixes.RawSort: (keys.raw_name,),
    prefixes.SyncSort: (keys.load,),
}
NAMES: Final = st.lists(st.text("ab-", min_size=1, max_size=3), min_size=3, max_size=3)
ATTRIBUTES: Final = frozenset({"pk", "sk", "list_sk", "due_shard", ":pk", ":prefix", ":partition"})


def _name(table: type[StrEnum]) -> str:
    return table.__name__


def test_the_page_has_no_table_that_these_tests_do_not_see() -> None:
    """A table added later must be held to the same."""
    declared = {each for each in vars(prefixes).values() if _is_table(each)}

    assert declared == SHARING.keys()


@pytest.mark.parametrize("table", SHARING, ids=_name)
def test_no_beginning_of_a_key_is_the_start_of_another(table: type[StrEnum]) -> None:
    """A query for one kind would find the other's items, and decode them as its own."""
    for one, other in itertools.permutations(table, 2):
        assert not other.startswith(one)


@pytest.mark.parametrize("table", SHARING, ids=_name)
@given(first=NAMES, second=NAMES)
def test_two_things_of_a_table_never_have_one_key(
    table: type[StrEnum], first: list[str], second: list[str]
) -> None:
    """Else writing one would write over the other."""
    made = [
        (make, tuple(names[: _takes(make)])) for make in SHARING[table] for names in (first, second)
    ]

    assert len(set(made)) == len({make(*names) for make, names in made})


def test_a_delivery_goes_by_its_id() -> None:
    """Its id must not look like the key of what shares its table."""
    assert ids.delivery_id("acme", "evt_1", "whk_1").startswith(
        prefixes.DeliveriesPartition.DELIVERY
    )


def test_runs_and_error_groups_go_by_their_ids() -> None:
    """Neither may look like the key of what shares their table."""
    assert ids.run_id("acme", "evt_1", "f").startswith(prefixes.RunsPartition.RUN)
    (group,) = error_groups.group([a_run(outcome=Outcome.RAISED)], function_created_at=NOW)
    assert group.id.startswith(prefixes.RunsPartition.ERROR_GROUP)


def test_every_shard_is_another_partition() -> None:
    """The sweep would do the work of a shard twice that stands in two lists."""
    listed = [*shards.DELIVERY_SHARDS, shards.ENDPOINTS_SHARD, shards.REPLAYS_SHARD]

    assert len(listed) == len(set(listed))
    assert shards.FUNCTIONS_SHARD not in shards.RUN_SHARDS


def test_keys_stay_what_they_are() -> None:
    """A changed key orphans what is stored under the old one."""
    assert [
        "tenant#acme",
        "version#f#000012",
        "2026-11-27T13:04:05.123Z#acme#f",
        "apikey#00",
        "sync#acme#syn_1",
        "loads#2026-11-20T13:04:05.123Z#00",
        "schema#crm",
        "000000000012",
        "name#raw/x",
        "2026-11-20T13:04:05.123Z#00aa",
    ] == [
        keys.tenant("acme"),
        keys.version("f", 12),
        keys.purge("2026-11-27T13:04:05.123Z", "acme", "f"),
        keys.api_key("00"),
        keys.loads_of("acme", "syn_1"),
        keys.load("2026-11-20T13:04:05.123Z", "00"),
        keys.schema("crm"),
        keys.raw_batch(12),
        keys.raw_name("raw/x"),
        keys.log_page("2026-11-20T13:04:05.123Z", "00aa"),
    ]
    assert ("raw", "head", "cursor", "schema") == (
        keys.RAW,
        keys.RAW_HEAD,
        keys.SYNC_CURSOR,
        keys.SCHEMA,
    )


def test_the_parts_of_a_function_are_its_own_and_no_others() -> None:
    """A purge that took a namesake's versions along would be found when they are needed."""
    versions, *_ = keys.parts_of_function("f")

    assert keys.version("f", 12).startswith(versions)
    assert not keys.version("f-2", 12).startswith(versions)
    assert keys.parts_of_function("f") == ("version#f#", "source#f#", "release#f#")


def test_no_store_makes_a_key_itself() -> None:
    """A key that another file makes is not on the page that shows that no two collide."""
    files = [path for path in STORES.rglob("*.py") if path.name not in {"keys.py", "prefixes.py"}]
    made = {
        f"{path.relative_to(STORES)}:{line}"
        for path in files
        for line in _keys_made(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert len(files) > 30
    assert set() == made


@pytest.mark.parametrize(
    "code",
    ['{"pk": f"x#{name}"}', '{"sk": {"S": "head"}}', '{":pk": prefix + name}', 'f"loads#{name}"'],
)
def test_a_key_made_by_hand_is_seen(code: str) -> None:
    """Else the test above would hold for any code."""
    assert list(_keys_made(ast.parse(code)))


def test_time_ranges_hold_every_id_of_their_last_millisecond() -> None:
    """`until` is inclusive: what happened in that very millisecond belongs to it."""
    at = "2026-11-20T13:04:05.123Z"
    low, high = keys.between(at, at)

    assert low <= keys.in_time(at, "dlv_zz") <= high
    assert "dlv_zz" == keys.record_in_time(keys.in_time(at, "dlv_zz"))


def _is_table(each: object) -> bool:
    return isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum


def _takes(make: Callable[..., str]) -> int:
    return make.__code__.co_argcount


def _keys_made(tree: ast.AST) -> Iterator[int]:
    """Lines where a key's attribute is given a text, or where a key's beginning is spelt."""
    beginnings = tuple(each for table in SHARING for each in table if each.endswith("#"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and str(node.value).startswith(beginnings):
            yield node.lineno
        if isinstance(node, ast.Dict):
            yield from (value.lineno for value in _key_values(node) if _is_text(value))


def _key_values(node: ast.Dict) -> Iterator[ast.expr]:
    for name, value in zip(node.keys, node.values, strict=True):
        if isinstance(name, ast.Constant) and name.value in ATTRIBUTES:
            yield value.values[0] if isinstance(value, ast.Dict) else value


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp)
