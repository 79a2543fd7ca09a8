"""The SQL of each vendor, a file each."""
