"""Reads telephone numbers: one number has one text, E.164, however people write it."""

from typing import Final

# Google's tables know each country's prefixes and lengths. They change a few times a year, so a
# number is judged by its length alone: whether a number is assigned today is no property of a name.
MAX_PHONE_CHARS: Final = 250  # libphonenumber reads no longer text


class NoPhone(Exception):
    """The text is no telephone number that can name a person; the message says why."""


def e164(text: str, *, default_country: str | None) -> str:
    """The number in E.164, such as `+493012345678`; the result read again is the same.

    Args:
        text: as people write it, with blanks, brackets, dashes, or digits of another script.
        default_country: ISO 3166 alpha-2; whose numbers those without `+` are. None refuses them.

    Raises:
        NoPhone: the text has letters or an extension, no country is known, or its length is wrong.
    """
    if len(text) > MAX_PHONE_CHARS:
        raise NoPhone(f"a telephone number has at most {MAX_PHONE_CHARS} characters")
    if any(char.isalpha() for char in text):  # `ext. 5` too: who share a line are not one person
        raise NoPhone("a telephone number has no letters")
    number = _read(text, default_country)
    if _read(number, None) != number:
        raise NoPhone("the number can be read in two ways; write it with + and the country code")
    return number


def is_country(code: str) -> bool:
    """Whether it is the ISO 3166 alpha-2 code of a country whose numbers we can read."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def _read(text: str, country: str | None) -> str:
    # Imported here: reading its tables takes 15 ms, and most events name nobody by phone.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as problem:
        if problem.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise NoPhone(
                "the country code is unknown"
                if text.lstrip().startswith("+")
                else "the number has no country code, and no default country is set"
            ) from problem
        raise NoPhone("it is not a telephone number") from problem
    if number.extension:
        raise NoPhone("the number has an extension, so several people may share it")
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NoPhone("the number has too few or too many digits for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
