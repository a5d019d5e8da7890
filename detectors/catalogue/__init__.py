"""One file a fault family; the registry is the literal list in `registry`."""
