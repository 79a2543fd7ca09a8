"""What a release changes about what is stored, and how far each change has come."""
