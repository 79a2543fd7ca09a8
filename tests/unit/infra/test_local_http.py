"""Whether webhooks and functions of a local cloud reach this machine."""

from infra.local.cloud import Options, parameters
from infra.scan import template

REDSHIFT = "http://127.0.0.1:1"


def test_receivers_on_this_machine_are_reached_unless_somebody_says_no() -> None:
    """The first webhook of almost everybody goes to a port of his own machine."""
    assert "true" == parameters(Options().of_a_new_cloud(), redshift=REDSHIFT)["AllowLocalHttp"]
    refusing = Options(allow_local_http=False).of_a_new_cloud()
    closed = parameters(refusing, redshift=REDSHIFT)
    assert "false" == closed["AllowLocalHttp"]


def test_a_cloud_in_aws_keeps_them_out_unless_somebody_says_otherwise() -> None:
    """There, loopback is the machine of the Lambda, and its runtime API listens on it."""
    assert "false" == template.stacks()[""]["Parameters"]["AllowLocalHttp"]["Default"]
