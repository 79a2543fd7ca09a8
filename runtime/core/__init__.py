"""Pure decisions: no I/O, clock, dice or environment; standard library only."""
