"""`make demo`: the whole product on real orders, with every count checked where it ends up."""
