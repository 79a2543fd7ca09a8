"""The penstock command: thin over the HTTP API, runtime and sandbox."""
