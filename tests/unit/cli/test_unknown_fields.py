"""`penstock functions test` and `push` say where a function reads a field that no event has."""

from tests.unit.cli.conftest import Command

MISSPELLED = "def handler(event):\n    return event.get('propertys')\n"
NOTICE = "def handler(event):\n    return event['properties'].get('reasn')\n"
EMITS_BADLY = "def handler(event, context):\n    context.emit('vip')\n    return event.get('foo')\n"
TRIGGERED = '[functions.vip]\ntriggers = [{ topics = ["webhook.disabled"] }]\n'


def test_a_test_shows_the_hint_beside_the_result(penstock: Command) -> None:
    """The run returns, with nothing in it; the hint says why."""
    file = penstock.write("vip.py", MISSPELLED)

    ran = penstock("functions", "test", file, "--json")
    shown = penstock("functions", "test", file)

    assert ("returned", None) == (ran.json["outcome"], ran.json["output"])
    [finding] = ran.json["findings"]
    assert ("unknown_field", "hint", 2) == (finding["code"], finding["severity"], finding["line"])
    assert 'an event never has "propertys" (did you mean "properties"?)' in shown.out


def test_the_topics_are_those_of_the_triggers(penstock: Command) -> None:
    """Only the platform's own events have properties that it can tell apart."""
    file = penstock.write("vip.py", NOTICE)

    assert [] == penstock("functions", "test", file, "--json").json["findings"]
    penstock.write("penstock.toml", TRIGGERED)
    [finding] = penstock("functions", "test", file, "--json").json["findings"]
    assert 'did you mean "reason"?' == finding["hint"]


def test_a_push_shows_the_hint_and_stores_the_version(penstock: Command) -> None:
    """It is a hint: the platform may know less than the author."""
    file = penstock.write("vip.py", MISSPELLED)

    pushed = penstock("functions", "push", file, "--json")
    shown = penstock("functions", "push", file)

    assert (0, 1) == (pushed.code, pushed.json["version"])
    assert ["unknown_field"] == [each["code"] for each in pushed.json["findings"]]
    assert 'did you mean "properties"?' in shown.out


def test_a_hint_hides_no_error(penstock: Command) -> None:
    """A run that is refused for its effects says so, whatever the check advises."""
    file = penstock.write("vip.py", EMITS_BADLY)

    shown = penstock("functions", "test", file)

    assert 'never has "foo"' in shown.out
    assert "vip" in shown.out.partition("never has")[2].partition("\n")[2]
