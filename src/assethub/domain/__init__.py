"""What exists in a hub and what must hold: standard library only, no I/O."""
