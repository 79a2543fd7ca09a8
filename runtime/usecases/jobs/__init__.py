"""Working off what is done page by page, and starting and stopping jobs."""
