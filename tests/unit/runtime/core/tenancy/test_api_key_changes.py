"""What an API key may become, and by whose hand."""

from dataclasses import dataclass, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.tenancy.scopes import ADMIN, PRESETS, SCOPES
from runtime.errors import BadInput, Conflict, Forbidden
from tests.builders import an_api_key

KEEPS_KEYS: Final = "keys:write"  # what a caller needs to change keys
OLDER: Final = ("events", "webhooks", "api-keys")  # names of scopes in records of before


def scopes(*others: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Some scopes, with `keys:write` and `admin` more often than chance would have it."""
    likely = (KEEPS_KEYS, ADMIN, "events:read", "events:write", "webhooks:read", *others)
    each = st.sampled_from(likely) | st.sampled_from(SCOPES)
    return st.lists(each, min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def tenants(draw: st.DrawFn) -> list[ApiKey]:
    """The keys of a tenant; one of them may be for one webhook."""
    held = draw(st.lists(scopes(*OLDER), min_size=2, max_size=4))
    keys = [
        an_api_key(sha256=f"{n}" * 64, name=f"n{n}", scopes=each) for n, each in enumerate(held)
    ]
    if draw(st.booleans()):
        narrow = draw(st.sampled_from(PRESETS["receiver"]))
        keys.append(an_api_key(sha256="f" * 64, scopes=(narrow,), webhook_id="whk_1"))
    return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller asks for."""

    caller: int  # which of the tenant's keys calls
    target: int  # which is to change
    scopes: tuple[str, ...]  # what it is to have


WISHES: Final = st.builds(
    Wish, caller=st.integers(0, 4), target=st.integers(0, 4), scopes=scopes("everything")
)


def all_of(keys: list[ApiKey]) -> set[str]:
    """What somebody with all these keys may do."""
    return {scope for scope in (*SCOPES, ADMIN) if any(api_key.may(key, scope) for key in keys)}


def changed(keys: list[ApiKey], wish: Wish) -> list[ApiKey]:
    """The keys after a wish, whether it was granted or refused."""
    caller, at = keys[wish.caller % len(keys)], wish.target % len(keys)
    if not api_key.may(caller, KEEPS_KEYS) or caller.webhook_id is not None:
        return keys
    try:
        after = api_key.changed(keys[at], by=caller, scopes=wish.scopes)
    except (BadInput, Conflict, Forbidden):
        return keys
    return [*keys[:at], after, *keys[at + 1 :]]


@given(keys=tenants(), wishes=st.lists(WISHES, max_size=12))
def test_no_row_of_changes_widens_what_the_tenants_keys_may_do(
    keys: list[ApiKey], wishes: list[Wish]
) -> None:
    """Whoever has one key cannot climb by changing others and calling with them."""
    before, now = all_of(keys), keys
    for wish in wishes:
        now = changed(now, wish)

    assert all_of(now) <= before


@given(keys=tenants(), wishes=st.lists(WISHES, max_size=12))
def test_a_changed_key_may_do_nothing_that_its_changer_may_not(
    keys: list[ApiKey], wishes: list[Wish]
) -> None:
    """Neither by what it gets nor by what it had; and all else of it stays."""
    for wish in wishes:
        before, keys = keys, changed(keys, wish)
        for old, after in zip(before, keys, strict=True):
            if after != old:
                assert all_of([old, after]) <= all_of([before[wish.caller % len(before)]])
                assert old == replace(after, scopes=old.scopes)


@given(keys=tenants(), wishes=st.lists(WISHES, max_size=12))
def test_a_tenant_never_loses_its_last_key_that_may_change_keys(
    keys: list[ApiKey], wishes: list[Wish]
) -> None:
    """Nor its last admin: the key that calls keeps what it has."""
    kept = {KEEPS_KEYS, ADMIN} & all_of(keys)
    now = keys
    for wish in wishes:
        now = changed(now, wish)

    assert kept <= all_of(now)


def test_a_key_for_one_webhook_stays_narrow() -> None:
    """It is in a receiver's hands."""
    key = an_api_key(sha256="1" * 64, scopes=("webhooks:read",), webhook_id="whk_1")

    with pytest.raises(BadInput) as refused:
        api_key.changed(key, by=an_api_key(scopes=(ADMIN,)), scopes=("profiles:read",))

    assert ("scope_too_wide", "scopes") == (refused.value.code, refused.value.field)


def test_a_key_may_call_itself_something_else() -> None:
    """And say its scopes in the names of today; only taking some away needs another key."""
    key = an_api_key(scopes=("api-keys", "events"))
    today = ("keys:read", "keys:write", "events:read", "events:write")

    after = api_key.changed(key, by=key, name="main", scopes=today)
    with pytest.raises(Conflict) as refused:
        api_key.changed(key, by=key, scopes=today[:3])

    assert ("main", today) == (after.name, after.scopes)
    assert "own_key" == refused.value.code
