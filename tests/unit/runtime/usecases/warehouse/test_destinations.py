"""A vendor is a file in each layer; the sync itself knows none."""

from pathlib import Path
from typing import Final

import pytest

from runtime.core.warehouse.sync import DestinationKind

RUNTIME: Final = Path(__file__).parents[5] / "runtime"
LISTS_THE_VENDORS: Final = "core/warehouse/sync.py"
# What people are told to do, which is to be said in the vendor's own words.
TELL_PEOPLE: Final = {"core/warehouse/advice.py", "core/warehouse/grants.py"}
ROOMS: Final = tuple(f"{layer}/warehouse" for layer in ("core", "usecases", "stores"))
VENDORS: Final = tuple(kind.value for kind in DestinationKind if kind.has_tables)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_is_named_in_its_own_files_alone(vendor: str) -> None:
    """A plan that knows one vendor's words has to be read again for each vendor to come."""
    files = {
        str(path.relative_to(RUNTIME)): path.read_text(encoding="utf-8").lower()
        for room in ROOMS
        for path in (RUNTIME / room).rglob("*.py")
    }
    named = {name for name, text in files.items() if vendor in text}

    assert len(files) > 15
    elsewhere = {name for name in named if vendor not in name}
    assert {LISTS_THE_VENDORS} == elsewhere - TELL_PEOPLE


@pytest.mark.parametrize("vendor", VENDORS)
def test_core_and_stores_have_a_room_of_the_vendor(vendor: str) -> None:
    """Its words, and where its wire is spoken."""
    assert (RUNTIME / f"core/warehouse/dialects/{vendor}.py").is_file()
    assert (RUNTIME / f"stores/warehouse/{vendor}/__init__.py").is_file()
