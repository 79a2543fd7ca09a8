"""Both clients at the borders: names, certificates, headers, policy."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.core.webhooks.webhook import SealedSecret
from runtime.egress.client import SyncEgress
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import Resolver
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.wiring import deliver
from tests.builders import NOW, TENANT, a_deliver_message, a_webhook
from tests.certificates import Authority
from tests.cloud import in_process
from tests.egress_clients import LOCAL, LONG_S, Client, post
from tests.flows.bus import environment
from tests.renegotiating_server import server_that_renegotiates
from tests.scripted_receiver import ScriptedReceiver
from tests.vectors import SECRET_A


def test_the_vetted_address_is_dialled_under_the_name_that_was_asked(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """The certificate and the virtual host belong to the name, the connection to the address."""
    asked: list[str] = []

    def lookup(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        client = make_client(resolver=Resolver(LOCAL, lookup=lookup), trust=authority.trust)
        got = client.send(post(receiver.url()), deadline_s=LONG_S)
        again = client.send(post(receiver.url()), deadline_s=LONG_S)

    assert asked == ["localhost"]
    assert receiver.names_asked == ["localhost"]
    assert receiver.received[0].header("host") == f"localhost:{receiver.port}"
    assert got.timing.tls_ms > 0
    assert again.timing.reused is True


def test_a_connection_is_kept_for_its_host_and_address_only(
    make_client: Callable[..., Client], receiver: ScriptedReceiver
) -> None:
    """Two names behind one address are two receivers; a name that moves is asked at its new one."""
    answers = iter([["127.0.0.1"], ["127.0.0.1"], ["10.0.0.7"]])
    resolver = Resolver(LOCAL, lookup=lambda _host, _port: next(answers), cache_s=0)
    client = make_client(resolver=resolver)
    for host in ("localhost", "127.0.0.1", "localhost"):
        client.send(post(f"http://{host}:{receiver.port}/"), deadline_s=LONG_S)

    assert [seen.connection for seen in receiver.received] == [1, 2, 1]
    with pytest.raises(EgressFailed) as refusal:
        client.send(post(receiver.url()), deadline_s=LONG_S)

    assert refusal.value.code == "blocked_address"
    assert len(receiver.received) == 3


def expect_tls_error(client: Client, receiver: ScriptedReceiver) -> str:
    """The sentence of a TLS failure; nothing may have been sent."""
    with pytest.raises(EgressFailed) as failure:
        client.send(post(receiver.url()), deadline_s=LONG_S)
    assert failure.value.code == "tls_error"
    assert receiver.received == []
    return failure.value.message


def test_a_certificate_of_another_name_is_refused(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """Else whoever holds the address reads the events."""
    with ScriptedReceiver(tls=authority.server("other.example")) as receiver:
        assert "certificate" in expect_tls_error(make_client(trust=authority.trust), receiver)


def test_an_expired_certificate_is_refused(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """The sentence says so, for it is the commonest fault of all."""
    with ScriptedReceiver(tls=authority.server("localhost", days=-1)) as receiver:
        assert "expired" in expect_tls_error(make_client(trust=authority.trust), receiver)


def test_a_self_signed_certificate_is_refused(client: Client, authority: Authority) -> None:
    """Only the public authorities are trusted, and there is no switch."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        assert "certificate" in expect_tls_error(client, receiver)


def test_a_server_without_tls_is_a_tls_error(client: Client) -> None:
    """The URL says https, the port does not."""
    with ScriptedReceiver(greeting=b"SSH-2.0-OpenSSH_9.6\r\n") as receiver:
        url = receiver.url().replace("http:", "https:")
        with pytest.raises(EgressFailed) as failure:
            client.send(post(url), deadline_s=LONG_S)

    assert failure.value.code == "tls_error"


def test_old_tls_is_refused(make_client: Callable[..., Client], authority: Authority) -> None:
    """TLS 1.1 and below are broken."""
    server = authority.server("localhost")
    server.minimum_version = ssl.TLSVersion.TLSv1_2
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    trust = authority.trust()
    trust.minimum_version = ssl.TLSVersion.TLSv1_3
    with ScriptedReceiver(tls=server) as receiver:
        expect_tls_error(make_client(trust=lambda: trust), receiver)


def test_a_certificate_with_only_a_common_name_is_refused(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """RFC 9110 4.3.4; public authorities check alternative names, and may sign any common name."""
    with ScriptedReceiver(tls=authority.server(common_name="localhost")) as receiver:
        assert "certificate" in expect_tls_error(make_client(trust=authority.trust), receiver)


def test_a_server_may_not_ask_for_another_handshake(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """Each costs us what a new connection does, and a server may ask without end."""
    with server_that_renegotiates(authority) as url:
        client = make_client(trust=authority.trust)
        with pytest.raises(EgressFailed) as failure:
            client.send(post(url), deadline_s=LONG_S)

    assert failure.value.code == "tls_error"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_no_proxy_variable_is_honoured(
    make_client: Callable[..., Client],
    receiver: ScriptedReceiver,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """A proxy would dial for us, past the guard."""
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert make_client().send(post(receiver.url()), deadline_s=LONG_S).status == 200


def test_session_keys_are_not_written_anywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSLKEYLOGFILE undoes TLS for whoever reads the file."""
    from runtime.egress import transport

    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    transport.trust.cache_clear()

    assert transport.trust().keylog_filename is None


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("Host", "evil.example")], "header_reserved"),
        ([("Transfer-Encoding", "chunked")], "header_reserved"),
        ([("content-length", "0")], "header_reserved"),
        ([("x", "a\r\ny: b")], "header_invalid"),
        ([("x y", "a")], "header_invalid"),
        ([("x", "🦊")], "header_invalid"),
        ([("é", "a")], "header_invalid"),
    ],
)
def test_a_header_that_could_bend_the_request_is_refused(
    client: Client, receiver: ScriptedReceiver, headers: list[tuple[str, str]], code: str
) -> None:
    """A request inside a request is how one tenant writes to another's receiver."""
    with pytest.raises(EgressRefused) as refusal:
        client.send(post(receiver.url(), headers=headers), deadline_s=LONG_S)

    assert refusal.value.code == code
    assert receiver.received == []


def test_without_the_switch_this_machine_is_out_of_reach(
    make_client: Callable[..., Client], receiver: ScriptedReceiver
) -> None:
    """By name too."""
    strict = make_client(EgressPolicy(ports=frozenset({443, receiver.port})))
    url = receiver.url().replace("http:", "https:")

    with pytest.raises(EgressRefused) as refusal:
        strict.send(post(url), deadline_s=LONG_S)

    assert refusal.value.code == "blocked_address"
    assert receiver.received == []


def test_a_url_is_vetted_with_its_name_before_it_is_registered() -> None:
    """The developer learns it when the webhook is made, not when the first event is lost."""
    answers = {
        "inside.example": ["10.0.0.1"],
        "good.example": ["93.184.216.34"],
        "none.example": [],
    }
    policy = EgressPolicy()
    egress = SyncEgress(policy, resolver=Resolver(policy, lookup=lambda host, _: answers[host]))

    def code(url: str) -> str:
        with pytest.raises(EgressRefused) as refusal:
            egress.vet(url)
        return refusal.value.code

    assert egress.vet("https://good.example/hook").host == "good.example"
    assert code("https://inside.example/") == "blocked_address"
    assert code("https://none.example/") == "dns_failure"
    assert code("http://good.example/") == "url_not_https"


@pytest.mark.parametrize(("ports", "error"), [("", "url_port"), ("8443", "dns_failure")])
def test_only_a_port_that_the_installation_adds_is_called(
    monkeypatch: pytest.MonkeyPatch, ports: str, error: str
) -> None:
    """From the function's own environment to the record."""
    monkeypatch.setenv("PENSTOCK_EXTRA_PORTS", ports)
    message = a_deliver_message()
    with in_process() as cloud:
        secret = SealedSecret(ciphertext=cloud.secrets.seal(TENANT, SECRET_A), created_at=NOW)
        Webhooks(config=cloud.config).add(
            a_webhook(url="https://does-not-exist.invalid:8443/", secrets=(secret,))
        )
        with environment(cloud, "deliver"):
            sender = deliver.build(lambda _line: None)
        assert sender.work([message]) == [None]
        sender.work.deliver.__self__.close()  # type: ignore[attr-defined]
        record = cloud.deliveries.find(message.delivery_id)

    assert record is not None
    assert [made.error for made in record.attempts] == [error]
