"""Where events are kept, to be found by id and listed by time."""
