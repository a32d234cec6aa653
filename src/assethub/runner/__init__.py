"""The process that executes one run, wherever it was placed: standard library only, Python 3.9 or newer."""
