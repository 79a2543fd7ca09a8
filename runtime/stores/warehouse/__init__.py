"""Where syncs, their ledger, the lake and the warehouse are kept."""
