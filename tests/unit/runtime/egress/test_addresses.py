"""The address table: every DENY denied, every ALLOW allowed."""

import pytest

from runtime.egress.addresses import is_loopback, is_public

DENIED = [
    "0.0.0.0",  # noqa: S104 - looked up, not bound
    "0.1.2.3", "10.254.0.0", "100.64.0.1", "100.100.0.0", "127.0.0.1",
    "127.254.254.254", "169.254.45.1", "169.254.169.254", "169.254.170.2", "172.16.10.65",
    "192.0.0.0", "192.0.0.255", "192.0.2.255", "192.88.99.3", "192.168.10.65", "198.18.0.0",
    "198.51.100.65", "203.0.113.6", "224.1.2.3", "233.252.0.16", "239.255.255.250",
    "240.240.240.240", "255.255.255.255", "168.63.129.16", "::", "::1", "::7f00:1", "::a9fe:a9fe",
    "1::1", "ff:ffff::1", "::ffff:127.0.0.1", "::ffff:0.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:7f00:1", "::5efe:7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808", "64:ff9b:1::1", "64:ff9b:0:1::1", "100::1", "100:0:0:1::1", "101::1",
    "1ff:ffff::1", "200::1", "1fff:ffff::1", "2606:4700::5efe:808:808",
    "2606:4700::200:5efe:a00:1", "2001::1", "2001:1ff::1",
    "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "4000::1", "5f00::1",
    "fc00::1", "fdee:3a45:9057::1", "fd7a:115c:a1e0::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "febf:ffff::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
ALLOWED = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "192.88.98.255", "192.88.100.1", "223.255.255.255",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "2001:200::1",
    "3fff:1000::1", "2000::1", "2606:4700::5efe", "2606:4700::100:5efe:a00:1",
]  # fmt: skip


@pytest.mark.parametrize("ip", DENIED)
def test_an_address_that_is_not_public_is_denied(ip: str) -> None:
    """Each of these has been somebody's hole."""
    assert is_public(ip) is False


@pytest.mark.parametrize("ip", ALLOWED)
def test_a_public_address_is_allowed(ip: str) -> None:
    """A guard that blocks customers is switched off."""
    assert is_public(ip) is True


@pytest.mark.parametrize("text", ["", "example.com", "127.1", "2130706433", "0x7f.1", "1.1.1.1/32"])
def test_what_is_not_an_address_is_not_public(text: str) -> None:
    """Deny by default."""
    assert is_public(text) is False
    assert is_loopback(text) is False
