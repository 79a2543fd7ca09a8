"""Which addresses are public. Our own table, because `ipaddress.is_global` is no guard.

`is_global` calls at least ten forbidden ranges global and changes between patch releases of Python.
The table is the union of IANA's special-purpose registries, of the ranges by which NAT64, 6to4 and
Teredo carry an IPv4 address, and of the metadata services of the clouds. Of IPv6 only 2000::/3 is
open: IANA has allocated nothing else for use (iana.org/assignments/ipv6-address-space). ISATAP has
no range of its own, it is a form of the address's last half: `is_public` asks for it.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_DENIED_V4: Final = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network; Linux dials 0.0.0.0 as loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; a VPC's own, and Alibaba's metadata service
        "127.0.0.0/8",  # loopback: the Lambda runtime API listens here
        "168.63.129.16/32",  # Azure's host services
        "169.254.0.0/16",  # link-local: instance metadata, container credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_DENIED_V6: Final = tuple(
    IPv6Network(net)
    for net in (
        "::/3",  # unspecified, loopback, NAT64, discard-only; v4-mapped is unwrapped before
        "2001::/23",  # Teredo, ORCHID and other protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any v4 address
        "3fff::/20",  # documentation
        "4000::/2",  # unallocated; 5f00::/16 is segment routing
        "8000::/1",  # unallocated; unique-local, link-local, site-local, multicast
    )
)


def _ranges(networks: Iterable[IPv4Network | IPv6Network]) -> tuple[tuple[int, int], ...]:
    return tuple((int(net.network_address), int(net.broadcast_address)) for net in networks)


_RANGES_V4: Final = _ranges(_DENIED_V4)
_RANGES_V6: Final = _ranges(_DENIED_V6)
# RFC 5214 6.1: the last half of an ISATAP address is 0000:5efe or 0200:5efe and an IPv4 address.
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


@lru_cache(maxsize=4096)
def is_public(ip: str) -> bool:
    """Whether tenants' requests may go to `ip`; what is not an address is not public."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    number = int(address)
    if isinstance(address, IPv6Address) and number >> 32 & 0xFFFF_FFFF in _ISATAP:
        return False
    ranges = _RANGES_V4 if isinstance(address, IPv4Address) else _RANGES_V6
    return not any(first <= number <= last for first, last in ranges)


@lru_cache(maxsize=1024)
def is_loopback(ip: str) -> bool:
    """Whether `ip` is this very machine."""
    try:
        return ip_address(ip).is_loopback
    except ValueError:
        return False
