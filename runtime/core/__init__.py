"""Pure decisions: no I/O, no clock, no dice, no environment, and only the standard library."""
