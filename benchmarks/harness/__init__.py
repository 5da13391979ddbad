"""Runs the benchmark: sets things up, starts the stub and the peers, and writes the results."""
