"""Has pip-audit ask PyPI what is known against what ships: `make audit`.

It needs the network. Where PyPI does not answer it names each package, and the day on which people
last read what is known: requirements/advisories.toml, which `make advisories` compares.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from infra.build import advisories
from infra.build.commands import ROOT, say
from infra.build.shipped import BUNDLES
from infra.build.venvs import EXTRA, ensure
from infra.scan.checkov import NotScanned


def main() -> None:
    """Audit every lock of a bundle; the exit code is 1 if something is known against a package."""
    environment = EXTRA["scan"]
    ensure(environment)
    known: list[str] = []
    silent: set[str] = set()
    for lock in sorted({lock for locks in BUNDLES.values() for lock in locks}):
        command = [str(environment.python.parent / "pip-audit"), "--format", "json"]
        command += ["--progress-spinner", "off", "--disable-pip", "--require-hashes"]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, "--requirement", f"requirements/{lock}.txt"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.stdout:
            raise NotScanned(f"pip-audit: {done.stderr[-2_000:]}")
        report = json.loads(done.stdout)
        known += [f"{lock}: {line}" for line in vulnerabilities(report)]
        silent |= {each["name"] for each in report["dependencies"] if "skip_reason" in each}
    for line in known:
        say(line)
    if silent:
        day = advisories.load().read_on
        say(
            f"NOT AUDITED: PyPI does not answer about {', '.join(sorted(silent))}. Run `make audit`"
            f" on a machine that reaches pypi.org; until then `make advisories` knows what was"
            f" read on {day}."
        )
    say(f"audit: {len(known)} known, {len(silent)} packages not audited")
    sys.exit(bool(known))


def vulnerabilities(report: Mapping[str, Any]) -> Iterator[str]:
    """What a report of pip-audit says, a line each."""
    for each in report["dependencies"]:
        for vulnerability in each.get("vulns", ()):
            mended = ", ".join(vulnerability["fix_versions"]) or "no version"
            yield f"{each['name']} {each['version']}: {vulnerability['id']}, mended in {mended}"


if __name__ == "__main__":
    main()
