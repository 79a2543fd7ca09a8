"""The part of the sandbox that runs inside the WebAssembly component only, on CPython 3.14.

The build makes one tree of this folder as the package `guest`, the folder `sdk` beside it as the
package `sdk`, and the locked packages of requirements/guest.txt. It runs the top level of
`guest.app` once, and stores the memory in the component. Later there are no files, so a module that
was neither imported nor stored by then can never be imported. No module of this folder may import
from the rest of the sandbox.
"""
