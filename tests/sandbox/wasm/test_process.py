"""What a worker has of its own: environment, dice, time, and asyncio without threads."""

import time

from tests.sandbox.wasm.conftest import Run

DRAW = """
import os, random, secrets, tempfile, uuid
def handler(event):
    return [os.urandom(8).hex(), random.random(), random.getrandbits(64), secrets.token_hex(8),
            str(uuid.uuid4()), str(uuid.uuid1()), random.choices(range(10**6), k=2),
            next(tempfile._get_candidate_names()), random.SystemRandom().random(), uuid.getnode()]
"""


def test_two_workers_of_one_warmed_guest_draw_nothing_alike(run: Run) -> None:
    """They are forked from one memory: what was seeded in it would be drawn by both."""
    first, second = run(DRAW)["output"], run(DRAW)["output"]
    alike = [each for each in zip(first, second, strict=True) if each[0] == each[1]]
    assert alike == []


def test_the_environment_is_what_the_function_declares_and_nothing_else(run: Run) -> None:
    """Nothing of the machine that built the guest, nor of the one that runs it."""
    result = run(
        "import os\ndef handler(event):\n    os.environ['OWN'] = '1'\n"
        "    return [dict(os.environ), os.getenv('SHOP'), os.environ.get('HOME')]\n",
        environment={"SHOP": "téa", "EMPTY": ""},
    )
    assert result["output"] == [{"SHOP": "téa", "EMPTY": "", "OWN": "1"}, "téa", None]


def test_each_worker_begins_with_an_environment_of_its_own(run: Run) -> None:
    """What one function sets, no other one sees."""
    source = (
        "import os\ndef handler(event):\n    os.environ[event] = '1'\n    return list(os.environ)\n"
    )
    assert run(source, "A")["output"] == ["A"]
    assert run(source, "B")["output"] == ["B"]


def test_sleeping_takes_time_and_the_clocks_see_it(run: Run) -> None:
    """By all ways that Python has to wait."""
    began = time.monotonic()
    result = run(
        "import asyncio, threading, time, queue\ndef handler(event):\n    a = time.monotonic()\n"
        "    time.sleep(0.02)\n    asyncio.run(asyncio.sleep(0.02))\n"
        "    threading.Event().wait(0.02)\n"
        "    try:\n        queue.Queue().get(timeout=0.02)\n    except queue.Empty:\n        pass\n"
        "    return time.monotonic() - a\n"
    )
    assert 0.08 <= result["output"] <= time.monotonic() - began


def test_waiting_for_what_never_comes_is_an_error_that_says_so(run: Run) -> None:
    """There are no threads, and no sockets, that could wake anybody."""
    forever = "import asyncio\nasync def handler(event):\n    await asyncio.Event().wait()\n"
    assert run(forever)["error"]["type"] == "Deadlock"
    queue = run("import queue\ndef handler(event):\n    queue.Queue().get()\n")
    assert "wait for ever" in queue["error"]["message"]


def test_calls_of_asyncio_that_sleep_run_side_by_side(run: Run) -> None:
    """The loop waits for the nearest timer, not for one after another."""
    result = run(
        "import asyncio, time\nasync def handler(event):\n    a = time.monotonic()\n"
        "    await asyncio.gather(*(asyncio.sleep(0.05) for _ in range(20)))\n"
        "    return time.monotonic() - a\n"
    )
    assert 0.05 <= result["output"] < 0.5


def test_a_task_that_a_handler_leaves_behind_does_not_reach_the_next_event(run: Run) -> None:
    """It is cancelled with its run, as asyncio.run does."""
    result = run(
        "import asyncio\nasync def late(out):\n    try:\n        await asyncio.sleep(9)\n"
        "    finally:\n        print('ended')\n"
        "async def handler(event):\n    asyncio.create_task(late([]))\n    await asyncio.sleep(0)\n"
        "    return 1\n"
    )
    assert result["output"] == 1
    assert [entry["message"] for entry in result["logs"]] == ["ended"]


def test_executors_run_each_call_as_it_is_submitted(run: Run) -> None:
    """There is one thread: the results are the same, one after another."""
    result = run(
        "import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "async def both():\n    return await asyncio.to_thread(pow, 2, 3)\n"
        "def handler(event):\n    with ThreadPoolExecutor(4) as pool:\n"
        "        return [list(pool.map(abs, [-1, -2])), asyncio.run(both())]\n"
    )
    assert result["output"] == [[1, 2], 8]


def test_recursion_ends_in_an_error_that_can_be_caught(run: Run) -> None:
    """By way of Python, and by way of C, which takes the machine's stack as well."""
    result = run(
        "import functools\nclass A:\n    def __getattr__(self, name): return getattr(self, name)\n"
        "@functools.lru_cache\ndef cached(n): return cached(n + 1)\n"
        "def plain(n): return plain(n + 1)\ndef sort(n): return sorted([n], key=sort)\n"
        "def handler(event):\n    seen = 0\n"
        "    for deep in (lambda: A().x, lambda: cached(0), lambda: plain(0), lambda: sort(0)):\n"
        "        try:\n            deep()\n        except RecursionError:\n            seen += 1\n"
        "    return seen\n"
    )
    assert result["output"] == 4


def test_a_limit_of_recursion_that_one_event_raises_is_lowered_for_the_next(run: Run) -> None:
    """After an error, so that the next event finds the guest as it was."""
    result = run(
        "import sys\ndef handler(event):\n    sys.setrecursionlimit(10**6)\n"
        "    def f(n): return f(n + 1)\n    f(0)\n"
    )
    assert result["error"]["type"] in {"RecursionError", "OutOfMemory"}


def test_memory_that_is_refused_is_an_error_that_can_be_caught(run: Run) -> None:
    """And the run goes on with what it has."""
    result = run(
        "def handler(event):\n    try:\n        bytearray(1 << 30)\n"
        "    except MemoryError:\n        return 'went on'\n"
    )
    assert result["output"] == "went on"


def test_a_source_that_is_too_deep_for_the_parser_is_no_lack_of_memory(run: Run) -> None:
    """CPython says MemoryError for both; the record must not say that a limit was passed."""
    result = run("def handler(event):\n    eval('(' * 5000)\n")
    assert (result["outcome"], result["error"]["type"]) == ("raised", "MemoryError")


def test_a_number_above_all_others_is_as_large_as_elsewhere(run: Run) -> None:
    """`sys.maxsize` of 32 bits is below the milliseconds of today."""
    result = run(
        "import csv, io, sys\nfrom datetime import datetime\n"
        "from dateutil.rrule import rrule, DAILY\n"
        "def handler(event):\n    csv.field_size_limit(sys.maxsize)\n"
        "    days = rrule(DAILY, dtstart=datetime(2026, 1, 1), count=3)\n"
        "    return [min(sys.maxsize, 1772357400000), sys.maxsize, len(days[1:]),\n"
        "            list(csv.reader(io.StringIO('a,b')))]\n"
    )
    assert result["output"] == [1772357400000, 2**63 - 1, 2, [["a", "b"]]]


def test_a_loop_that_nobody_has_made_is_made_when_it_is_asked_for(run: Run) -> None:
    """As CPython did until 3.13: `get_event_loop().run_until_complete(...)` is in much code."""
    result = run(
        "import asyncio\nasync def one(): return 1\ndef handler(event):\n"
        "    loop = asyncio.get_event_loop()\n    return loop.run_until_complete(one())\n"
    )
    assert result["output"] == 1
