"""`penstock dev` refuses what it must not touch, before it does anything."""

from tests.unit.cli.conftest import Command


def test_another_api_than_a_local_cloud_is_refused(penstock: Command) -> None:
    """Half-saved code must never run on real customers' events."""
    penstock.write("penstock.toml", "")
    penstock("config", "set", "prod", "--url", "https://penstock.example.com", stdin="psk_x")

    by_environment = penstock("dev", "--json")
    by_name = penstock(
        "--as", "prod", "dev", "--json", PENSTOCK_API_URL=None, PENSTOCK_API_KEY=None
    )

    for ran in (by_environment, by_name):
        assert (2, "not_local") == (ran.code, ran.json["error"]["code"])
    assert "https://penstock.example.com" in by_name.err
    assert "psk_x" not in by_name.err + by_name.out


def test_a_folder_without_a_project_is_said_before_a_cloud_is_started(penstock: Command) -> None:
    """It takes half a minute to start."""
    ran = penstock("dev", "nowhere", "--json")

    assert (2, "unreadable") == (ran.code, ran.json["error"]["code"])
    assert "nowhere/penstock.toml" in ran.err
