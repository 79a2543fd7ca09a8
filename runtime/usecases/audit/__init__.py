"""Record changes in the audit log, end entries that a killed call has left, and tell of both."""
