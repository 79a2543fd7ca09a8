"""How references of the template become what parliament reads."""

import pytest

from infra.scan import policies, template


@pytest.mark.parametrize(
    "role", template.resources("AWS::IAM::Role", "AWS::IAM::Policy"), ids=template.name
)
def test_every_statement_becomes_plain_actions_on_plain_arns(role: template.Resource) -> None:
    """A reference that is left would be judged as a text, and match nothing or everything."""
    for document in policies.documents(role):
        for statement in document["Statement"]:
            targets = statement["Resource"]
            for target in [targets] if isinstance(targets, str) else targets:
                assert target == "*" or target.startswith("arn:aws:"), (statement["Sid"], target)
                assert "$" not in target
