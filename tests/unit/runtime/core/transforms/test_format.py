"""Format: what each step does, and that a second pass changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.transforms.dates import DateOrder
from runtime.core.transforms.format import NAMES, Case, Decimal, Format, Kind, changer, work
from runtime.core.transforms.values import Source

_STEPS = st.builds(
    Format,
    trim=st.booleans(),
    quotes=st.booleans(),
    special_characters=st.booleans(),
    keep=st.text("-'. \"", max_size=3),
    case=st.none() | st.sampled_from(Case),
)
_READINGS = st.builds(
    Format,
    trim=st.booleans(),
    quotes=st.booleans(),
    case=st.none() | st.sampled_from(Case),
    kind=st.sampled_from(Kind),
    date_order=st.sampled_from(DateOrder),
    decimal=st.sampled_from(Decimal),
    country=st.sampled_from([None, "US", "DE"]),
)
_DATES = st.datetimes().map(str) | st.dates().map(lambda day: day.strftime("%d %B %Y"))
_NUMBERS = st.integers().map("{:,}".format) | st.floats(allow_nan=False).map(str)


@given(
    settings=_STEPS | _READINGS, text=st.text() | st.text(" '\"-,.1aÄǆİ\u0149ß") | _DATES | _NUMBERS
)
def test_format_is_idempotent(settings: Format, text: str) -> None:
    """Whoever formats a property in place meets formatted values too."""
    once = _formatted(text, settings)
    assert _formatted(once, settings) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("John doe", "John Doe"),
        ("JOHN DOE", "John Doe"),
        ("anna-lena", "Anna-Lena"),
        ("ronald McDonald", "Ronald McDonald"),
        ("o'brien", "O'brien"),
        ("élise", "Élise"),
        ("ßen", "ßen"),
        ("aA", "Aa"),
        ("Apple USA", "Apple USA"),
        ("", ""),
    ],
)
def test_title_case_begins_each_word_and_spares_the_rest(text: str, expected: str) -> None:
    """McDonald must not become Mcdonald, as with the standard library's title()."""
    assert _formatted(text, Format(case=Case.TITLE)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014-09-30", "2014-09-30"),
        ("20140930", "2014-09-30"),
        ("09/30/2014", "2014-09-30"),
        ("9/3/14", "2014-09-03"),
        ("09.30.2014", "2014-09-30"),
        ("Sept. 30, 2014", "2014-09-30"),
        ("30th September 2014", "2014-09-30"),
        ("1-Mar-2020", "2020-03-01"),
        ("2014-09-30T23:34:08-05:00", "2014-09-30"),
        ("1412098448", "2014-09-30"),
        ("02/30/2014", "02/30/2014"),
        ("some day", "some day"),
    ],
)
def test_dates_get_one_form_and_what_is_none_stays(text: str, expected: str) -> None:
    """A birthday is the day that was written, whatever its offset is."""
    assert _formatted(text, Format(kind=Kind.DATE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("2014-09-30 13:34:08", "2014-09-30 13:34:08+00:00", "09/30/2014 13:34:08"),
        *("09/30/14 13:34:08", "2014-09-30T13:34:08", "2014-09-30 13:34:08.000001", "1412084048"),
        *("2014-09-30T13:34:08.000001", "2014-09-30 09:34:08.000001-04:00"),
        *("September 30, 2014, 1:34:08 pm", "30 Sep 2014 13:34:08 UTC"),
    ],
)
def test_times_get_one_form_in_utc(text: str) -> None:
    """All forms of the list in Klaviyo's help on imports are read."""
    assert _formatted(text, Format(kind=Kind.DATE_TIME)) == "2014-09-30 13:34:08.00"


def test_the_order_of_day_and_month_is_a_setting() -> None:
    """3/4/2026 is in March in the USA and in April elsewhere; nobody can tell by looking."""
    by_day = Format(kind=Kind.DATE, date_order=DateOrder.DAY_FIRST)
    assert _formatted("3/4/2026", Format(kind=Kind.DATE)) == "2026-03-04"
    assert _formatted("3/4/2026", by_day) == "2026-04-03"


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("42", Decimal.POINT, 42),
        ("$1,234.50", Decimal.POINT, 1234.5),
        ("1.234,50 €", Decimal.COMMA, 1234.5),
        ("1'234.5", Decimal.POINT, 1234.5),
        ("-7", Decimal.POINT, -7),
        ("1,23", Decimal.POINT, "1,23"),
        ("12 apples", Decimal.POINT, "12 apples"),
        ("9" * 30, Decimal.POINT, "9" * 30),
    ],
)
def test_numbers_become_json_numbers(text: str, decimal: Decimal, expected: object) -> None:
    """A filter can compare numbers; a text that only may be one stays a text."""
    value = _formatted(text, Format(kind=Kind.NUMBER, decimal=decimal))
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("(617) 555-0123", "US", "+16175550123"),
        ("+1 617 555 0123", None, "+16175550123"),
        ("(617) 555-0123", None, "(617) 555-0123"),
        ("call me", "US", "call me"),
    ],
)
def test_phones_become_e164_as_names_do(text: str, country: str | None, expected: str) -> None:
    """The number that is formatted is the number by which the person is found."""
    assert _formatted(text, Format(kind=Kind.PHONE, country=country)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" Ada@Example.COM ", "ada@example.com"), ("ada at example", "ada at example")],
)
def test_e_mail_addresses_get_the_form_of_names(text: str, expected: str) -> None:
    """By the one published rule."""
    assert _formatted(text, Format(kind=Kind.EMAIL)) == expected


@pytest.mark.parametrize("value", [5, 1.5, True, None, {"a": " b "}])
def test_what_is_no_text_stays(value: object) -> None:
    """Format is for texts, and for the texts of a list."""
    assert _formatted(value, NAMES) == value
    assert _formatted([" ann ", value], NAMES) == ["Ann", value]


def test_chosen_special_characters_may_stay() -> None:
    """Without this, Anna-Lena would be AnnaLena."""
    settings = Format(special_characters=True, keep="-")
    assert _formatted("Anna-Lena (VIP) #1!", settings) == "Anna-Lena VIP 1"


def test_hostile_lengths_take_no_time() -> None:
    """Spaces and quotes in turn would make a naive loop quadratic."""
    assert changer(Format(trim=True, quotes=True))("' " * 4000) == ""


def _formatted(value: Any, settings: Format) -> Any:
    return work(settings)([Source(value, "")])
