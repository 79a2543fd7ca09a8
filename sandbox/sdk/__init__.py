"""What both engines provide to user code: exceptions that end a run, `context`, and `requests`.

The modules of this package import the standard library and each other only. They import each other
by relative imports, because inside WebAssembly the package is called `sdk`.
"""
