"""The engine `wasm`: CPython compiled to WebAssembly, run by libwasmtime inside the jail."""
