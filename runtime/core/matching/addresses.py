"""Reads IP addresses in filters and events as EventBridge reads them.

An address is four decimal numbers, or an IPv6 address in hexadecimal; leading zeros change nothing.
An IPv6 address with a zone or a dotted end does not count as an address. `::ffff:a00:1` is the IPv4
address 10.0.0.1.
"""

import re
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

_V4: Final = re.compile(r"[0-9]+(\.[0-9]+){3}")
_MAX_V4_CHARS: Final = 15
_V6: Final = re.compile(r"[0-9a-fA-F:]+")
_MAX_V6_CHARS: Final = 64  # 39 without leading zeros; an event must not choose how long we read
_ZEROS: Final = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")
_MASK: Final = re.compile(r"[0-9]{1,3}")


class Address(NamedTuple):
    """An address as a number. Addresses of one length sort in their own order."""

    bits: int  # 32 or 128
    number: int


class Network(NamedTuple):
    """A range of addresses, both ends included."""

    first: Address
    last: Address

    def covers(self, text: object) -> bool:
        """Whether `text` is an address of the network."""
        address = read_address(text) if isinstance(text, str) else None
        return address is not None and self.first <= address <= self.last


def read_address(text: str) -> Address | None:
    """The address that the text names; None if the text is no address."""
    if not (_is_v4(text) or _looks_like_v6(text)):
        return None
    try:
        address = ip_address(_ZEROS.sub("", text))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return Address(address.max_prefixlen, int(address))


def read_network(text: str) -> Network:
    """Read a network: an address and a number of bits, such as `10.0.0.0/8`.

    Raises:
        ValueError: the text is no network, or names a single address.
    """
    name, _, mask = text.partition("/")
    address = read_address(name)
    if address is None:
        raise ValueError(f"{name!r} is not an IP address")
    if not _MASK.fullmatch(mask):
        raise ValueError("an address is followed by / and a number of bits, such as 10.0.0.0/8")
    if int(mask) >= address.bits:
        raise ValueError(
            f"a range has at most {address.bits - 1} bits; a single address is a plain string"
        )
    others = (1 << (address.bits - int(mask))) - 1
    first = address.number & ~others
    return Network(Address(address.bits, first), Address(address.bits, first | others))


def _is_v4(text: str) -> bool:
    return len(text) <= _MAX_V4_CHARS and _V4.fullmatch(text) is not None


def _looks_like_v6(text: str) -> bool:
    return len(text) <= _MAX_V6_CHARS and ":" in text and _V6.fullmatch(text) is not None
