"""The command line `ah`: it shows, and never decides."""
