"""Benchmarks: python -m bench NAME, each with its budget and a peer or a limit from the same run."""
