"""Where the drivers of databases may dial."""

import pytest

from runtime.egress.databases import Databases
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import Resolver

PUBLIC = EgressPolicy()
LOCAL = EgressPolicy(allow_local=True)


def _databases(*addresses: str, policy: EgressPolicy = PUBLIC) -> Databases:
    return Databases(policy, resolver=Resolver(policy, lookup=lambda *_: addresses))


def test_a_driver_dials_the_addresses_that_were_judged() -> None:
    """A driver that resolves by itself could be led elsewhere between our look and its own."""
    assert ("93.184.216.34",) == _databases("93.184.216.34").addresses("db.example.com", 5432)
    with pytest.raises(EgressFailed) as inside:
        _databases("93.184.216.34", "10.0.0.7").addresses("db.example.com", 5432)
    assert "blocked_address" == inside.value.code


@pytest.mark.parametrize(
    ("host", "port", "code", "field"),
    [
        ("169.254.169.254", 5432, "url_ip_literal", "host"),
        ("[::1]", 5432, "url_ip_literal", "host"),
        ("localhost", 5432, "blocked_address", "host"),
        ("127.0.0.1", 5432, "url_ip_literal", "host"),
        ("db.internal", 5432, "blocked_address", "host"),
        ("mail.example.com", 25, "url_port", "port"),
        ("db.example.com", 65536, "url_port", "port"),
        ("db example", 5432, "url_invalid", "host"),
    ],
)
def test_a_host_inside_a_network_is_refused_where_it_is_registered(
    host: str, port: int, code: str, field: str
) -> None:
    """Who registers a database must read at once why it will never be dialled."""
    with pytest.raises(EgressRefused) as refused:
        _databases().check(host, port)
    assert (code, f"settings.{field}") == (refused.value.code, refused.value.field)


def test_only_this_machine_may_be_spoken_to_without_tls() -> None:
    """A password in the clear is one that anybody on the way may read."""
    local = _databases(policy=LOCAL)
    local.check("127.0.0.1", 54321)
    assert local.may_be_plain("127.0.0.1")
    assert ("127.0.0.1",) == local.addresses("127.0.0.1", 54321)
    assert not local.may_be_plain("db.example.com")
    assert not _databases().may_be_plain("127.0.0.1")
