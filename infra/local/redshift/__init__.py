"""A Redshift Data API on loopback, with DuckDB behind it: for the local cloud and for tests.

It means what Redshift means where a load depends on it: one transaction a batch, keys that are not
enforced, lengths in bytes, a strict COPY, tokens that submit once. What it does not have (UNLOAD,
MERGE … REMOVE DUPLICATES, users) it refuses by name. Locks are no-ops because batches run one by
one, so a lock that is missing shows only on the real thing.
"""
