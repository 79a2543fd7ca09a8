"""API keys, which say who calls, and idempotency keys, which keep a call from acting twice."""
