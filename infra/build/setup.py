"""Does what `make setup` asks: `python3 -m infra.build.setup` (standard library only).

It makes the two virtual environments and the sandbox's guest at the same time, because the
environments wait for the network and the guest for a processor. Then it makes the bundles of the
local cloud. It leaves alone whatever is up to date.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from infra.build.commands import run, say
from infra.build.guest import artefacts
from infra.build.guest.lock import Differs
from infra.build.guest.machines import NoGuestHere
from infra.build.venvs import CLOUD, DEV, ensure, link_project

BUNDLES: Final = ("DependenciesLayer", "WarehouseLayer", "SandboxFunction")


def make_guest() -> None:
    """Make the engine wasm for this machine, or print why this machine cannot have it.

    Raises:
        SystemExit: the guest's code is not what the lock says.
    """
    try:
        artefacts.make_for_this_machine()
    except NoGuestHere as reason:
        say(f"setup: {reason}; functions run on engine restricted only")
    except Differs as problem:
        raise SystemExit(str(problem)) from None


def prefetch_bundles() -> None:
    """Make the bundles of the local cloud now, so that the first `up` needs no network."""
    run([str(CLOUD.python), "-m", "infra.build.bundle", "--prefetch", *BUNDLES], env=os.environ)


def main() -> None:
    """Make what is missing or out of date."""
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(ensure, each) for each in (DEV, CLOUD)]
        jobs.append(pool.submit(make_guest))
        for job in jobs:
            job.result()
    link_project()
    prefetch_bundles()


if __name__ == "__main__":
    main()
