"""What the state file of a local cloud says that is kept, though nobody listens there."""

from typing import Final

from infra.local.state import LocalCloud

KEPT: Final = LocalCloud(
    aws_endpoint="http://127.0.0.1:1",
    region="us-east-1",
    api_url="http://127.0.0.1:1",
    api_key="psk_test",
    tenant="acme",
    bus="penstock",
    stack="penstock",
    redshift_endpoint="http://127.0.0.1:2",
)
