"""`penstock admin rotate-keys`."""

import json

import boto3
import pytest

from cli.main import main
from runtime.core.webhooks.webhook import SealedSecret
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.webhooks.webhooks import Webhooks
from tests.builders import NOW, TENANT, a_webhook
from tests.cloud import in_process


def test_an_admin_rotates_the_keys_of_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    """By the stack's own names for its table and its key."""
    with in_process() as cloud:
        outputs = {
            "ConfigTable": cloud.config.table.name,
            "AuditTable": cloud.audit.table.name,
            "KeyArn": cloud.secrets.key_id,
        }
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName="penstock", TemplateBody=json.dumps(template)
        )
        sealed = cloud.secrets.seal(TENANT, "whsec_a")
        secret = SealedSecret(ciphertext=sealed, created_at=NOW)
        Tenants(config=cloud.config).ensure(TENANT, created_at=NOW)
        webhooks = Webhooks(config=cloud.config)
        webhooks.add(a_webhook(secrets=(secret,)))

        code = main(["admin", "rotate-keys", "--stack", "penstock", "--json"])

        document = json.loads(capsys.readouterr().out)
        after = webhooks.get(TENANT, "whk_1").secrets[0].ciphertext
        assert (0, 1, 1) == (code, document["tenants"], document["changed"])
        assert sealed != after
        assert "whsec_a" == cloud.secrets.open(TENANT, after)
