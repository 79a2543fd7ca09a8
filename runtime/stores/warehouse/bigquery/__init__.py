"""BigQuery as a destination of syncs."""
