"""Asks others' scanners about the template and the packages: `make scan`, `make audit`."""
