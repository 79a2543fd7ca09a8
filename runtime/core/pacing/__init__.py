"""Whether something may be tried now: schedules, rates, concurrency, the health of an endpoint."""
