"""Background work of a hub."""
