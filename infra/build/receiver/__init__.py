"""Builds the package `penstock-receiver`: the folder `penstock/` alone, for those who receive."""
