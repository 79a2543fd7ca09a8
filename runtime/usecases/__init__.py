"""One verb a file: takes ports, asks the core, returns a value."""
