"""Writes what each bundle ships as a CycloneDX document: `python -m infra.scan.sbom [FOLDER]`.

CycloneDX 1.6 as JSON. The same locks give the same bytes: a document has neither a time nor a
serial number.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.build.commands import ROOT, say
from infra.build.shipped import BUNDLES, CPYTHON, Package, packages


def document(bundle: str) -> Mapping[str, Any]:
    """The document of one bundle."""
    root = {"type": "application", "bom-ref": f"penstock-{bundle}", "name": f"penstock-{bundle}"}
    components = [_component(each) for each in packages(bundle)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [
            {"ref": root["bom-ref"], "dependsOn": [each["bom-ref"] for each in components]}
        ],
    }


def _component(package: Package) -> dict[str, Any]:
    kind = "generic" if package.name == CPYTHON else "pypi"
    purl = f"pkg:{kind}/{package.name}@{package.version}"
    files = {
        "type": "distribution",
        "url": f"https://pypi.org/project/{package.name}/{package.version}/",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.sha256],
    }
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "licenses": [{"expression": package.licence}],
        **({"externalReferences": [files]} if package.sha256 else {}),
    }


def main() -> None:
    """Write a document for each bundle."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "build" / "sbom"
    folder.mkdir(parents=True, exist_ok=True)
    for bundle in BUNDLES:
        path = folder / f"{bundle}.cdx.json"
        path.write_text(json.dumps(document(bundle), indent=2) + "\n", encoding="utf-8")
        say(f"sbom: {path}")


if __name__ == "__main__":
    main()
