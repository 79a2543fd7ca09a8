"""The scenes: small end-to-end tests, each of some part of the product."""
