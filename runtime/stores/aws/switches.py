"""What botocore's switches mean for our own wire: each is honoured, or refused when it starts.

A switch that is set and not heard shows only in production, as calls that a firewall drops or as
traffic that leaves the endpoints which a rule prescribes. All that is said here is about the direct
wire; botocore's client hears its switches by itself.
https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from runtime.errors import Permanent

# Calls that need no arguments: by them botocore is asked where it would send any other.
_PLAIN_CALLS: Final = {"dynamodb": "list_tables", "sqs": "list_queues"}
_USE_BOTOCORE: Final = "set PENSTOCK_AWS_WIRE=botocore (the template's parameter AwsWire)"


class SwitchNotHonoured(Permanent):
    """A switch of botocore's is set that our own wire cannot honour; names it and the way out."""

    code = "aws_switch_not_honoured"


def endpoint(client: BaseClient) -> str:
    """The URL that `client` would send its calls to; it ends with a slash.

    Raises:
        SwitchNotHonoured: that is an endpoint or a way to it that our own wire does not know.
    """
    config: Any = client.meta.config
    if config.account_id_endpoint_mode == "required":
        raise _not_honoured("AWS_ACCOUNT_ID_ENDPOINT_MODE=required")
    # botocore's client names one endpoint in its meta and sends to another where these are set.
    has_variant = config.use_fips_endpoint or config.use_dualstack_endpoint
    url = _resolved(client) if has_variant else client.meta.endpoint_url
    scheme = urlsplit(url).scheme
    if scheme in get_environ_proxies(url):  # less what NO_PROXY excepts
        raise _not_honoured(f"{scheme.upper()}_PROXY", "; or except AWS's endpoints by NO_PROXY")
    return f"{url.rstrip('/')}/"


def trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Whose certificates are believed: those in the file `ca_bundle`; botocore's when it is None.

    A certificate must name its host among its alternative names.

    Raises:
        SwitchNotHonoured: the file cannot be read, or has no certificates.
    """
    try:
        context = ssl.create_default_context(cafile=ca_bundle or get_cert_path(verify=True))
    except OSError as problem:  # ssl's errors are of this kind
        reason = problem.strerror or type(problem).__name__
        raise SwitchNotHonoured(
            f"AWS_CA_BUNDLE (or REQUESTS_CA_BUNDLE) names {ca_bundle}, where no certificates can "
            f"be read: {reason}"
        ) from problem
    # The rules of `runtime.egress.transport.new_context`: RFC 9110 4.3.4 knows no common name, as
    # urllib3 below botocore does not, and a server may not ask for one handshake after the other.
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def _resolved(client: Any) -> str:
    # Signing a URL is all of a call but the sending, and so resolves the endpoint as a call does.
    call = _PLAIN_CALLS[client.meta.service_model.service_name]
    try:
        parts = urlsplit(str(client.generate_presigned_url(call)))
    except NoCredentialsError:
        raise
    except BotoCoreError as problem:
        raise SwitchNotHonoured(
            f"AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT is set: {problem}"
        ) from problem
    return f"{parts.scheme}://{parts.netloc}"


def _not_honoured(switch: str, else_: str = "") -> SwitchNotHonoured:
    return SwitchNotHonoured(
        f"{switch} is set, which Penstock's own wire to DynamoDB and SQS does not honour: "
        f"{_USE_BOTOCORE}{else_}"
    )
