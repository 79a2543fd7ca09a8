"""`penstock profiles erase`, and a person's data as one file."""

import json
import stat
from pathlib import Path

from tests.builders import a_profile
from tests.unit.cli.conftest import Command

ADA = {"id": "prf_1", "external_id": "ada-1", "email": "ada@example.com"}


def test_a_person_is_erased_as_a_job(penstock: Command) -> None:
    """A pipe is not asked; what the job is called, a script can read."""
    penstock.api.cloud.keep(a_profile(tenant=penstock.api.tenant, **ADA))

    erased = penstock("profiles", "erase", "prf_1", "--json")

    assert (0, "erasure", "running") == (erased.code, erased.json["kind"], erased.json["state"])
    assert 1 == penstock("profiles", "show", "prf_1").code
    assert 1 == penstock("profiles", "erase", "prf_1").code


def test_everything_that_is_kept_of_a_person_is_written_to_one_file(
    penstock: Command, tmp_path: Path
) -> None:
    """That nobody else may read."""
    penstock.api.cloud.keep(a_profile(tenant=penstock.api.tenant, **ADA))
    out = tmp_path / "ada.json"

    said = penstock("profiles", "export", "--subject", "prf_1", "--out", str(out)).out

    written = json.loads(out.read_text())
    assert [ADA["email"]] == [
        name["value"] for name in written["profile"][0]["names"] if name["kind"] == "email"
    ]
    assert "1 profile" in said
    assert 0o600 == stat.S_IMODE(out.stat().st_mode)


def test_one_person_is_exported_without_what_chooses_among_many(
    penstock: Command, tmp_path: Path
) -> None:
    """Such an option would be passed over in silence."""
    out = str(tmp_path / "ada.json")
    options = ("--subject", "prf_1", "--out", out, "--format", "csv", "--json")

    refused = penstock("profiles", "export", *options)

    assert (2, "bad_usage") == (refused.code, refused.json["error"]["code"])
