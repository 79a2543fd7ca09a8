"""What user code is given, in every engine: outcomes, `context`, and `requests`.

Nothing in here imports more than the standard library and its own siblings, and those by relative
imports: inside WebAssembly this package is called `sdk`.
"""
