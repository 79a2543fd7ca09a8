"""What botocore is told by its environment holds for our own wire too, or is refused at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import EndpointVariantError
from botocore.httpsession import get_cert_path
from cryptography.hazmat.primitives.serialization import Encoding

from runtime.stores.aws import switches
from runtime.stores.aws.clients import Clients
from runtime.stores.aws.switches import SwitchNotHonoured
from tests.certificates import Authority
from tests.scripted_receiver import ScriptedReceiver, answer

BOTOCORE: Final = "set PENSTOCK_AWS_WIRE=botocore"
HTTPS: Final = "https://dynamodb.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and bundles of whoever runs the tests are taken away."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)


def urls_of(service: str) -> tuple[str, str]:
    """Where our own wire sends a call, and where botocore's client does."""
    clients = Clients()
    seen: list[str] = []

    def answer_it(request: Any, **_: object) -> AWSResponse:
        seen.append(request.url)

        class Raw:
            def stream(self, **_: object) -> Iterator[bytes]:
                yield json.dumps({"Failed": [], "Successful": []}).encode()

        return AWSResponse(request.url, 200, HTTPHeaders(), Raw())

    client: Any = clients.dynamodb if service == "dynamodb" else clients.sqs
    client.meta.events.register_first("before-send", answer_it)
    if service == "dynamodb":
        clients.tables.get_item(TableName="t", Key={"pk": {"S": "a"}})
        clients.dynamodb.get_item(TableName="t", Key={"pk": {"S": "a"}})
    else:
        entries: Any = [{"Id": "1", "MessageBody": "m"}]
        clients.queues.send_message_batch(QueueUrl="https://q/1/q", Entries=entries)
        clients.sqs.send_message_batch(QueueUrl="https://q/1/q", Entries=entries)
    ours, theirs = seen
    return ours, theirs


class TestEndpoints:
    """FIPS and dual-stack endpoints."""

    @pytest.mark.parametrize("service", ["dynamodb", "sqs"])
    @pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1"])
    @pytest.mark.parametrize(("fips", "dual"), [(0, 0), (0, 1), (1, 0), (1, 1)])
    def test_our_calls_go_where_those_of_botocore_go(
        self, service: str, region: str, fips: int, dual: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An installation that has to use FIPS endpoints must not leave them for one call."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", str(bool(fips)).lower())
        monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", str(bool(dual)).lower())

        ours, theirs = urls_of(service)

        assert theirs == ours
        assert bool(dual) == (".api." in ours)

    def test_an_endpoint_of_ones_own_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in botocore: whoever names an endpoint has chosen."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://127.0.0.1:1/")
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")

        assert ("https://127.0.0.1:1/", "https://127.0.0.1:1/") == urls_of("dynamodb")

    def test_an_endpoint_that_does_not_exist_is_refused_at_start(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A client resolves it at each call; our own wire does when it is made."""

        def refuse(**_: object) -> None:
            raise EndpointVariantError(tags=["fips"])

        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        client = Clients().dynamodb
        client.meta.events.register("before-endpoint-resolution", refuse)

        with pytest.raises(SwitchNotHonoured, match="AWS_USE_FIPS_ENDPOINT"):
            switches.endpoint(client)

    def test_endpoints_that_must_be_the_accounts_are_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Our own wire knows none; without the switch they are but preferred."""
        monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "required")

        with pytest.raises(SwitchNotHonoured, match="AWS_ACCOUNT_ID_ENDPOINT_MODE") as refused:
            _ = Clients().tables

        assert BOTOCORE in refused.value.message


class TestProxies:
    """Proxies, which our own wire does not speak to."""

    @pytest.mark.parametrize(
        ("variable", "endpoint"),
        [
            ("HTTPS_PROXY", HTTPS),
            ("https_proxy", HTTPS),
            ("HTTP_PROXY", "http://127.0.0.2:1"),
            ("http_proxy", "http://127.0.0.2:1"),
        ],
    )
    def test_a_proxy_is_refused_at_start(
        self, variable: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Calls around it would be dropped by a firewall, ten seconds each, and nobody told why."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv(variable, "http://user:s3cret@proxy.example:3128")

        with pytest.raises(SwitchNotHonoured) as refused:
            _ = Clients().tables
        with pytest.raises(SwitchNotHonoured):
            _ = Clients().queues

        assert variable.upper() in refused.value.message
        assert BOTOCORE in refused.value.message
        assert "s3cret" not in refused.value.message

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("NO_PROXY", "amazonaws.com"),
            ("no_proxy", "localhost,.amazonaws.com"),
            ("NO_PROXY", "*"),
        ],
    )
    def test_a_proxy_that_is_not_for_aws_is_none(
        self, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """NO_PROXY is read as botocore reads it."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", HTTPS)
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv(variable, value)

        _ = Clients().tables

    def test_a_proxy_for_another_scheme_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No other is asked by botocore either."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", HTTPS)
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")

        _ = Clients().tables


class TestTrust:
    """Whose certificates are believed."""

    @pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
    def test_a_bundle_of_ones_own_is_believed(
        self, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A company's TLS inspection has certificates of its own; botocore hears both variables."""
        authority = Authority.create(tmp_path)
        with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
            receiver.script("/", answer(body=b"{}"))
            monkeypatch.setenv("AWS_ENDPOINT_URL", receiver.url(""))
            bundle = tmp_path / "bundle.pem"
            bundle.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
            monkeypatch.setenv(variable, str(bundle))

            assert {} == Clients().tables.get_item(TableName="t", Key={})

    def test_awss_variable_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in botocore."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", HTTPS)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(get_cert_path(verify=True)))

        _ = Clients().tables

    @pytest.mark.parametrize("text", [None, "no certificate"])
    def test_a_bundle_that_cannot_be_read_is_refused_at_start(
        self, text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By name: the first call would fail with words of OpenSSL."""
        bundle = tmp_path / "bundle.pem"
        if text is not None:
            bundle.write_text(text)
        monkeypatch.setenv("AWS_ENDPOINT_URL", HTTPS)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

        with pytest.raises(SwitchNotHonoured, match="AWS_CA_BUNDLE"):
            _ = Clients().tables
