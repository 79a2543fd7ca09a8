"""CPU time that data transforms take for one profile, and the bound on a hostile pattern.

Runs alone, in seconds: `python -m bench.transforms`.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bench.report import Row, percentile, spread, table
from runtime.core.transforms import parsing
from runtime.core.transforms.chain import Chain
from runtime.core.transforms.pattern import MAX_TEXT_CHARS, Pattern
from runtime.core.transforms.rules import MAX_PATTERN_STATES
from runtime.core.transforms.transform import Definition, Method

SIZES: Final = (10, 100)
PROFILES: Final = 500  # different ones
PROPERTIES: Final = 100  # of each profile
ROUNDS: Final = 20

# Source and settings by number: a mix of all methods.
_MIX: Final[tuple[tuple[Method, Mapping[str, Any]], ...]] = (
    (Method.FORMAT, {"trim": True, "quotes": True, "case": "title"}),
    (Method.FORMAT, {"special_characters": True, "keep": "-"}),
    (Method.FORMAT, {"kind": "date"}),
    (Method.FORMAT, {"kind": "number"}),
    (Method.STANDARDIZE, {"table": "countries"}),
    (
        Method.STANDARDIZE,
        {
            "rules": [
                {"operator": "equals", "values": ["vip", "gold"], "replacement": "VIP"},
                {"operator": "contains", "values": ["blue"], "replacement": "Blue"},
                {"operator": "matches", "values": ["^[a-z]+ [0-9]+$"], "replacement": "coded"},
            ]
        },
    ),
    (Method.MERGE, {"choice": "first"}),
    (Method.SPLIT, {"part": 1}),
    (Method.DEFAULT, {"value": "none"}),
    (Method.HASH, {}),
)
_VALUES: Final = ('  "ada king" ', "Anna-Lena!", "09/30/2014", "1,234.50", "u.s.a.", "dark blue 7")


def measure() -> Iterator[Row]:
    """The rows."""
    profiles = [_properties(number) for number in range(PROFILES)]
    for size in SIZES:
        began_s = time.process_time()
        chain = Chain(_definition(number) for number in range(size))
        compiled_ms = 1000 * (time.process_time() - began_s)
        samples = [_each_ms(chain, profiles) for _ in range(ROUNDS)]
        yield Row(
            what=f"derive for one profile, {size} transforms: CPU, p50 / p99",
            value=spread(samples, unit="ms", digits=3),
            how=f"a tenth of each of ten kinds, {PROPERTIES} properties; {ROUNDS} rounds of"
            f" {PROFILES} profiles; compiled in {compiled_ms:.1f} ms after a change",
        )
    empty = Chain([])
    samples = [_each_ms(empty, profiles) for _ in range(ROUNDS)]
    yield Row(
        what="derive for one profile, no transforms: CPU, p50 / p99",
        value=spread([1000 * sample for sample in samples], unit="µs", digits=2),
        how="what every other tenant pays, beside a look at a counter every two seconds",
    )
    yield _worst()


def _worst() -> Row:
    """The largest automaton on the longest text of which every step is new."""
    pattern = "(a|b)*a(a|b){100}c$"
    copies = MAX_PATTERN_STATES // Pattern(pattern).states
    text = "".join("ab"[number * number // 7 % 2] for number in range(MAX_TEXT_CHARS))
    samples = []
    for _ in range(5):
        fresh = [Pattern(pattern) for _ in range(copies)]
        began_s = time.process_time()
        for each in fresh:
            each.matches(text)
        samples.append(1000 * (time.process_time() - began_s))
    return Row(
        what="the costliest regular expressions that a tenant may have, on one profile: CPU",
        value=f"{percentile(samples, 50):.0f} ms",
        how=f"{copies} patterns with {MAX_PATTERN_STATES} states together, {MAX_TEXT_CHARS}"
        " characters of which no step was met before",
    )


def _each_ms(chain: Chain, profiles: Sequence[Mapping[str, Any]]) -> float:
    began_s = time.process_time()
    for properties in profiles:
        chain.derive(properties, {})
    return 1000 * (time.process_time() - began_s) / len(profiles)


def _definition(number: int) -> Definition:
    method, settings = _MIX[number % len(_MIX)]
    sources = [f"p{(number + n) % PROPERTIES}" for n in range(3 if method is Method.MERGE else 1)]
    return Definition(
        name=f"transform {number}",
        sources=tuple(sources),
        target=f"target {number}",
        settings=parsing.settings(method, settings),
    )


def _properties(number: int) -> dict[str, Any]:
    return {f"p{n}": f"{_VALUES[(n + number) % len(_VALUES)]}" for n in range(PROPERTIES)}


if __name__ == "__main__":
    print(table(measure()))
