"""The resources of the HTTP API, one a file: request model → use case → answer model."""
