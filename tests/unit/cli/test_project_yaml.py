"""YAML as a document is read and written: one meaning for each word, and no more than fits."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli._errors import WrongUsage
from cli.project import document, yaml_text
from runtime.errors import BadInput

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.sampled_from(
    ["no", "NO", "on", "y", "~", "", "null", "010", "0x1F", "1_000", "1:30", ".inf", "2027-01-31",
     "true", "<<", "=", "- x", "a: b", "#x", "&a", "*a", "!x", "%x", "@x", " x ", "1e3", "x\ny\n"]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=10,
)


@given(document_of=st.dictionaries(TEXTS, JSON, max_size=4))
def test_what_is_written_is_read_as_the_same_here_and_by_others(
    document_of: dict[str, Any],
) -> None:
    """Whatever the values are; PyYAML's own reader stands for others with YAML 1.1."""
    text = yaml_text.dump(document_of)

    assert document_of == yaml_text.parse(text)
    assert document_of == (yaml.safe_load(text) or {})


def test_words_that_versions_of_yaml_read_differently_are_texts() -> None:
    """Norway is no switch, and a date no other thing than its text."""
    text = "a: no\nb: NO\non: on\nc: yes\nd: 2027-01-31\ne: 2027-01-31T00:00:00Z\ny: n\n"

    assert yaml_text.parse(text) == {
        "a": "no", "b": "NO", "on": "on", "c": "yes", "d": "2027-01-31",
        "e": "2027-01-31T00:00:00Z", "y": "n",
    }  # fmt: skip


def test_switches_numbers_and_nothing_are_what_all_versions_take_them_for() -> None:
    """In quotes each of them is text."""
    text = "a: true\nb: FALSE\nc: -5\nd: 0.5\ne: 1.0e+3\nf:\ng: ~\nh: '5'\ni: \"true\"\n"

    assert yaml_text.parse(text) == {
        "a": True, "b": False, "c": -5, "d": 0.5, "e": 1000.0, "f": None, "g": None, "h": "5",
        "i": "true",
    }  # fmt: skip


@pytest.mark.parametrize(
    "word",
    [
        "010",
        "-010",
        "00",
        "0x1F",
        "0o17",
        "0b1",
        "1_000",
        "1:30",
        ".5",
        "5.",
        "1e3",
        ".inf",
        ".NaN",
    ],
)
def test_a_number_with_two_meanings_is_refused_with_its_place_and_the_fix(word: str) -> None:
    """`timeout_s: 010` would be eight seconds to one reader, and ten to the next."""
    with pytest.raises(BadInput, match=r"line 2, column 12: .*; in quotes it is text"):
        yaml_text.parse(f"a: 1\ntimeout_s: {word}\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: says 'a' twice"),
        ("a: {b: 1, b: 2}\n", "says 'b' twice"),
        ("1: x\n", "the key 1 is not text"),
        ("true: x\n", "the key true is not text"),
        ("? [a]\n: x\n", "a key is text"),
        ("a: !!python/object:os.system x\n", "has the tag"),
        ("a: !!str 5\n", "has the tag"),
        ("a: !Ref x\n", "has the tag"),
        ("a: &a [*a]\n", "is an alias of what it stands in"),
        ("a: {<<: 5}\n", "`<<` takes a mapping"),
        ("--- {}\n--- {}\n", "another document"),
        ("a: [\n", "is not YAML"),
        ("- x\n", "must be a mapping of sections"),
        ("a: *b\n", "is not YAML: found undefined alias"),
        ("[" * 5000, "nested too deep"),
        ("a: " + "[" * 70 + "]" * 70, "nested too deep"),
    ],
)
def test_what_has_no_single_meaning_is_refused(text: str, says: str) -> None:
    """The message says what, and where."""
    with pytest.raises(BadInput) as refused:
        yaml_text.parse(text)

    assert says in refused.value.message


def test_anchors_are_read_and_own_values_go_before_inherited_ones() -> None:
    """Two webhooks can share what they have in common."""
    text = (
        "a: &base {url: u, timeout_s: 5}\nb: {<<: *base, timeout_s: 9}\nc: {<<: [*base, {x: 1}]}\n"
    )

    assert yaml_text.parse(text) == {
        "a": {"url": "u", "timeout_s": 5},
        "b": {"url": "u", "timeout_s": 9},
        "c": {"url": "u", "timeout_s": 5, "x": 1},
    }


def test_aliases_of_aliases_are_refused_before_they_fill_the_memory() -> None:
    """Nine lines would be a thousand million values."""
    lines = ["a0: &a0 [x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    with pytest.raises(BadInput, match="has more than 100,000 values with what aliases repeat"):
        yaml_text.parse("\n".join(lines))


def test_both_syntaxes_have_the_same_sections_and_a_file_names_itself_in_its_faults(
    tmp_path: Path,
) -> None:
    """A section that is misspelt would not be in force."""
    toml, yml = tmp_path / "penstock.toml", tmp_path / "penstock.yml"
    toml.write_text('[webhooks.a]\nurl = "u"\n', encoding="utf-8")
    yml.write_text("webhooks: {a: {url: u}}\nsyncs:\n", encoding="utf-8")

    assert {**document.read(toml), "syncs": {}} == document.read(yml)
    yml.write_text("webhoks: {}\n", encoding="utf-8")
    with pytest.raises(WrongUsage, match=r"penstock\.yml: webhoks: .*did you mean webhooks"):
        document.read(yml)


def test_a_folder_with_both_files_is_refused(tmp_path: Path) -> None:
    """Nobody can say which of them holds."""
    for name in ("penstock.toml", "penstock.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")

    with pytest.raises(WrongUsage, match="name one of them by -f"):
        document.of_folder(tmp_path)
