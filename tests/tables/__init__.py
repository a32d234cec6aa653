"""Tables: what is decoded, and what decoding survives."""
