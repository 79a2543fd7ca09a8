"""What a scanner says of the template, and which of it a stack accepts with a reason.

A stack accepts a rule in its own file, under `Metadata: Accepted:`, rule by rule with the reason. A
rule that no finding breaks any more must go, or it would hide the next one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ACCEPTED: Final = "Accepted"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that a scanner would have otherwise."""

    stack: str  # name of the nested stack; empty for the root
    rule: str  # the scanner's id of its rule, such as CKV_AWS_27
    resource: str  # logical id of the resource
    text: str  # what the scanner says

    def __str__(self) -> str:
        """The finding as a line."""
        return f"{self.stack or 'template.yaml'}: {self.resource}: {self.rule}: {self.text}"


def accepted(template: Mapping[str, Any]) -> Mapping[str, str]:
    """The rules that a stack accepts to break, each with its reason."""
    rules: Mapping[str, str] = template.get("Metadata", {}).get(ACCEPTED, {})
    return rules


def complaints(
    findings: Iterable[Finding], templates: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """What is wrong, a line each; nothing when every finding is accepted, and no reason is idle.

    Args:
        findings: of all scanners.
        templates: the stacks by their names; the root's is empty.
    """
    listed = sorted(findings)
    for finding in listed:
        if finding.rule not in accepted(templates[finding.stack]):
            yield str(finding)
    broken = {(finding.stack, finding.rule) for finding in listed}
    for stack, template in templates.items():
        for rule, reason in accepted(template).items():
            if not reason.strip():
                yield f"{stack or 'template.yaml'}: {rule} is accepted without a reason"
            if (stack, rule) not in broken:
                yield f"{stack or 'template.yaml'}: nothing breaks {rule}; accept it no longer"
