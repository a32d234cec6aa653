"""Front doors, each its own app, to the same services."""
