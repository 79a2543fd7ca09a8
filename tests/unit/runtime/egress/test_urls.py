"""Which URLs may be called at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.egress import urls
from runtime.egress.failures import EgressRefused
from runtime.egress.policy import EgressPolicy
from runtime.egress.urls import Target

PUBLIC = EgressPolicy()
LOCAL = EgressPolicy(allow_local=True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "url_not_https"),
        ("ftp://example.com/", "url_not_https"),
        ("example.com/", "url_invalid"),
        ("//example.com/", "url_not_https"),
        ("", "url_invalid"),
        ("https://", "url_invalid"),
        ("https:///path", "url_invalid"),
        ("https://" + "a" * 2050, "url_invalid"),
        ("https://127.0.0.1/", "url_ip_literal"),
        ("https://127.0.0.1./", "url_ip_literal"),
        ("https://8.8.8.8/", "url_ip_literal"),
        ("https://127.1/", "url_ip_literal"),
        ("https://2130706433/", "url_ip_literal"),
        ("https://0x7f.1/", "url_ip_literal"),
        ("https://0x7f000001/", "url_ip_literal"),
        ("https://0177.0.0.1/", "url_ip_literal"),
        ("https://[::1]/", "url_ip_literal"),
        ("https://[::ffff:7f00:1]/", "url_ip_literal"),
        ("https://[fe80::1%25eth0]/", "url_ip_literal"),
        ("https://[example.com]/", "url_invalid"),
        ("https://\uff11\uff12\uff17.0.0.1/", "url_invalid"),
        ("https://①②⑦.⓪.⓪.①/", "url_invalid"),
        ("https://zoë.example/", "url_invalid"),
        ("https://user@example.com/", "url_userinfo"),
        ("https://user:pw@example.com/", "url_userinfo"),
        ("https://example.com@127.0.0.1/", "url_userinfo"),
        ("https://example.com:25/", "url_port"),
        ("https://example.com:6379/", "url_port"),
        ("https://example.com:0/", "url_port"),
        ("https://example.com:99999/", "url_port"),
        ("https://example.com:x/", "url_port"),
        ("https://localhost/", "blocked_address"),
        ("https://metadata.google.internal/", "blocked_address"),
        ("https://svc.cluster.local./", "blocked_address"),
        ("https://intranet/", "url_invalid"),
        ("https://exa mple.com/", "url_invalid"),
        ("https://example.com/a b", "url_invalid"),
        ("https://example.com/\r\nX: y", "url_invalid"),
        ("https://example.com\\@evil.example/", "url_invalid"),
        ("https://-x.example/", "url_invalid"),
        ("https://a..example/", "url_invalid"),
        ("https://*.example.com/", "url_invalid"),
        ("https://" + "a." * 130 + "com/", "url_invalid"),
        ("https://example.com/\ud800", "url_invalid"),
    ],
)
def test_a_url_that_must_not_be_called_is_refused_with_its_reason(url: str, code: str) -> None:
    """The developer who registers it reads the code, not our source."""
    with pytest.raises(EgressRefused) as refusal:
        urls.check(url, PUBLIC)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target(scheme="https", host="example.com", port=443, path="/")),
        (
            "HTTPS://Example.COM.:443/a?b=c#d",
            Target(scheme="https", host="example.com", port=443, path="/a?b=c"),
        ),
        (
            "https://xn--zo-fka.example/é?q=ü",
            Target(scheme="https", host="xn--zo-fka.example", port=443, path="/%C3%A9?q=%C3%BC"),
        ),
        (
            "https://a_b.example/%2F?x=%20",
            Target(scheme="https", host="a_b.example", port=443, path="/%2F?x=%20"),
        ),
    ],
)
def test_a_url_becomes_what_will_be_dialled(url: str, target: Target) -> None:
    """What is checked is what is used; nothing parses the URL a second time."""
    assert urls.check(url, PUBLIC) == target


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/", "https://localhost:8443/", "http://127.0.0.1:9/", "http://[::1]:9/"],
)
def test_this_machine_is_reached_only_when_allowed(url: str) -> None:
    """The switch is for tests and the local cloud."""
    assert urls.check(url, LOCAL).host in ("localhost", "127.0.0.1", "::1")
    with pytest.raises(EgressRefused):
        urls.check(url, PUBLIC)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2/", "https://10.0.0.1/", "http://example.com/", "https://x.test:8443/"]
)
def test_allowing_this_machine_allows_nothing_else(url: str) -> None:
    """It opens a door, not a wall."""
    with pytest.raises(EgressRefused):
        urls.check(url, LOCAL)


@pytest.mark.parametrize("policy", [PUBLIC, LOCAL], ids=["public", "local"])
@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:7f00:1]/",
        "http://user@127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/v2/credentials",
    ],
)
def test_no_spelling_of_an_inner_address_is_taken_even_locally(
    url: str, policy: EgressPolicy
) -> None:
    """Each is this machine, or its credentials, to some resolver."""
    with pytest.raises(EgressRefused):
        urls.check(url, policy)


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        (None, True),
        (("*",), True),
        (("api.example.com",), True),
        (("API.example.com",), True),
        (("*.example.com",), True),
        (("example.com",), False),
        (("*.api.example.com",), False),
        ((), False),
    ],
)
def test_an_allow_list_has_the_last_word(
    hosts: tuple[str, ...] | None,
    allowed: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A function reaches what it declares."""
    policy = EgressPolicy(hosts=hosts)

    if allowed:
        assert urls.check("https://api.example.com/", policy).host == "api.example.com"
        return
    with pytest.raises(EgressRefused) as refusal:
        urls.check("https://api.example.com/", policy)
    assert refusal.value.code == "host_not_allowed"


def test_an_admin_may_add_ports() -> None:
    """Some receivers listen on 8443."""
    policy = EgressPolicy(ports=frozenset({443, 8443}))

    assert urls.check("https://example.com:8443/", policy).authority == "example.com:8443"


@given(st.text() | st.text().map("https://{}".format))
def test_any_text_is_a_target_or_a_refusal(text: str) -> None:
    """URLs come from strangers."""
    try:
        target = urls.check(text, PUBLIC)
    except EgressRefused:
        return
    assert target.path.isascii()
    assert target.host.isascii()
