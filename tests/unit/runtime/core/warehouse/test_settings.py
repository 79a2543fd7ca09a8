"""What a tenant says of a destination of its own, before anything is dialled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.warehouse.settings import postgresql, setting
from runtime.errors import BadInput

GIVEN = {"host": "db.example.com", "database": "shop", "user": "penstock", "password": "hunter2"}


def test_settings_have_defaults_and_passwords_stand_apart() -> None:
    """What is sealed must never be among what is shown, not even for a moment."""
    read = setting.read(GIVEN | {"port": 6543}, postgresql.SETTINGS)

    assert read.sealed == {"password": "hunter2"}
    assert read.shown == {
        "host": "db.example.com",
        "port": "6543",
        "database": "shop",
        "user": "penstock",
        "tls_root": "",
    }
    assert postgresql.server(read.shown).port == 6543
    assert "hunter2" not in repr(read)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"host": None}, "host"),
        ({"port": "0"}, "port"),
        ({"port": True}, "port"),
        ({"port": 5432.0}, "port"),
        ({"database": " shop"}, "database"),
        ({"password": "hunter\n2"}, "password"),
        ({"password": ["hunter2"]}, "password"),
        ({"password": "x" * 5000}, "password"),
        (
            {"tls_root": "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"},
            "tls_root",
        ),
        ({"sslmode": "disable"}, "sslmode"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_without_its_value(
    changes: dict[str, object], place: str
) -> None:
    """A value may be a password in the wrong place, so no error repeats one."""
    with pytest.raises(BadInput) as refused:
        setting.read(GIVEN | changes, postgresql.SETTINGS)

    assert ("bad_settings", ("settings", place)) == (refused.value.code, refused.value.place)
    assert "hunter" not in refused.value.message


def test_what_says_which_destination_it_is_never_changes() -> None:
    """A password is rotated; another database would lack all rows that are loaded already."""
    rotated = setting.read_changes({"password": "other"}, postgresql.SETTINGS)

    assert ({}, {"password": "other"}) == (rotated.shown, rotated.sealed)
    for name in ("host", "port", "database"):
        with pytest.raises(BadInput, match="create another sync"):
            setting.read_changes({name: "db2.example.com"}, postgresql.SETTINGS)


@given(st.dictionaries(st.sampled_from([*GIVEN, "port", "tls_root", "x"]), st.text() | st.none()))
def test_any_settings_are_read_or_refused_with_the_name_of_one(given: dict[str, object]) -> None:
    """Whatever a file holds, its author learns which line to change."""
    known = {each.name for each in postgresql.SETTINGS}
    read, place = _read(given)

    assert place in {*known, "x"} if read is None else known == {*read.shown, *read.sealed}


def _read(given: dict[str, object]) -> tuple[setting.Given | None, object]:
    try:
        return setting.read(given, postgresql.SETTINGS), None
    except BadInput as refused:
        return None, refused.place[1]
