"""How the guest of the sandbox's engine `wasm` is made: one component, and its machine code.

`component` starts CPython in WebAssembly from a clean tree and stores its heap; `native` compiles
that ahead of time for one kind of machine and takes the library that runs it; `lock` holds what
has to come out; `artefacts` keeps what was made until something that goes into it changes.
"""
