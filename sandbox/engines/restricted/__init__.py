"""The engine `restricted`: a dialect of Python, kept by RestrictedPython and our own guards."""
