"""Makes the guest of the sandbox's engine `wasm`: one component, and its machine code.

`component` starts CPython in WebAssembly with a clean tree of sources, and stores its heap in the
component. `native` compiles the component for one kind of machine, and fetches the library that
runs it. `lock` says which code a build must give. `artefacts` keeps what was built until one of its
inputs changes.
"""
