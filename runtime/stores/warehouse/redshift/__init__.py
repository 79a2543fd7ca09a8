"""Amazon Redshift as the destination of a sync: its Data API, and our SQL for it."""
