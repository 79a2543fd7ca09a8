"""Which fields and which forms of text hold personal data, and of which kind."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

EMAIL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
PHONE: Final = re.compile(r"(?<!\w)\+\d[\d ().-]{5,20}\d")
_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")


class Kind(StrEnum):
    """What a personal value is, and so what its fake looks like."""

    EMAIL = "e-mail address"
    PHONE = "phone number"
    ID = "id"
    PROFILE_ID = "profile id"
    NAME = "name"
    ADDRESS = "address"
    IP = "IP address"
    BIRTH = "date of birth"


_FIELDS: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: "email emails mail emailaddress replyto",
    Kind.PHONE: "phone phones phonenumber tel telephone mobile cell cellphone msisdn whatsapp fax",
    Kind.ID: "externalid customerid userid anonymousid contactid personid memberid subscriberid"
    " visitorid deviceid accountid klaviyoid exchangeid",
    Kind.PROFILE_ID: "profileid",
    Kind.NAME: "name names firstname lastname fullname middlename givenname familyname surname"
    " forename displayname nickname username login",
    Kind.ADDRESS: "address addresses address1 address2 addressline1 addressline2 street street1"
    " street2 streetaddress housenumber city town zip zipcode postalcode postcode",
    Kind.IP: "ip ipaddress clientip remoteaddr",
    Kind.BIRTH: "birthday birthdate dateofbirth dob",
}
_BY_FIELD: Final = {field: kind for kind, fields in _FIELDS.items() for field in fields.split()}
# Words that do not say by themselves that a field with another word before them is about a person:
# `product_name` and `last_login` are not.
_VAGUE: Final = frozenset({"name", "names", "login"})
_PEOPLE: Final = frozenset(
    {"customer", "contact", "person", "user", "recipient", "sender", "buyer", "billing",
     "shipping", "delivery", "guest", "owner", "member", "subscriber", "profile"}
)  # fmt: skip
# The fields of a name that is an object.
_OF_A_NAME: Final = frozenset({"first", "last", "middle", "given", "family"})


def kind_of(field: str, *, within: Kind | None = None) -> Kind | None:
    """The kind of personal data that a field holds; None when its name says nothing of the sort.

    Args:
        field: its name, such as `email`, `$last_name` or `shippingCity`.
        within: the kind of the field whose value is the object with this field.
    """
    words = [word.lower() for word in _WORDS.findall(field)]
    if within is Kind.NAME and words and words[-1] in _OF_A_NAME:
        return Kind.NAME
    return next((_BY_FIELD[name] for name in _endings(words) if name in _BY_FIELD), None)


def _endings(words: list[str]) -> Iterator[str]:
    """The last words together, from all of them down to one."""
    for start in range(len(words)):
        ending = "".join(words[start:])
        is_vague = start > 0 and ending in _VAGUE and words[start - 1] not in _PEOPLE
        if not is_vague:
            yield ending
