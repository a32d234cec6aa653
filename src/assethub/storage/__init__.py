"""Bytes: bodies named by their sha256, trees of versions, and where both are kept."""
