"""Fails if a scanner finds anything in the template that no stack accepts with a reason."""

import sys

from infra.build.commands import say
from infra.build.venvs import EXTRA, ensure
from infra.scan import checkov, findings, policies, template


def main() -> None:
    """Scan, and print what is wrong, a line each."""
    environment = EXTRA["scan"]
    ensure(environment)
    bins = environment.python.parent
    found = [
        *checkov.scan(bins / "checkov", template.files()),
        *policies.scan(environment.python),
    ]
    wrong = list(findings.complaints(found, template.stacks()))
    for line in wrong:
        say(line)
    reasons = sum(len(findings.accepted(each)) for each in template.stacks().values())
    say(f"scan: {len(wrong)} findings; {reasons} rules are accepted, with their reasons")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
