"""What people do: one function is one permission-checked act in one transaction."""
