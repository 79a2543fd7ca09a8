"""A Redshift Data API on loopback, with DuckDB behind it, for the local cloud and for tests.

It behaves like Redshift in everything that a load depends on: a batch is one transaction, keys are
not enforced, lengths are counted in bytes, COPY is strict, a token submits one statement, and a
user may do what it was granted. What it does not have (UNLOAD, MERGE … REMOVE DUPLICATES, database
roles) it refuses by name. LOCK does nothing, because batches run one after another. So a load that
forgets a lock fails on the real Redshift only.
"""

from typing import Final

# As the template names them, unless somebody sets its parameters.
WORKGROUP: Final = "penstock"
DATABASE: Final = "penstock"
