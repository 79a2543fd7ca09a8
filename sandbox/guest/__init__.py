"""What goes into the WebAssembly component, and runs nowhere else: CPython 3.14 without a world.

The build copies this folder as the package `guest`, the folder `sdk` beside it as the package
`sdk`, and the locked packages of requirements/guest.txt into one tree, runs the top level of
`guest.app` once, and keeps the memory that it leaves. What was not imported or stored by then can
never be: there are no files later. Nothing in here may import from the rest of the sandbox.
"""
