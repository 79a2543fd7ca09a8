"""`make demo`: runs the whole product on real orders, and checks every count at its destination."""
