"""The engine `restricted`: a dialect of Python, enforced by RestrictedPython and our own guards."""
