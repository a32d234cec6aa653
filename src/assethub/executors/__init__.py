"""Where runs run: the protocol of all engines, and the processes of the hub's own machine."""
