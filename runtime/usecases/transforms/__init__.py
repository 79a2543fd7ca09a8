"""Setting up data transforms, trying them, and bringing existing profiles up to date."""
