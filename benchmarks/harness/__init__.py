"""What runs the benchmark: sets things up, starts the stub and the peers, and writes down what came of it."""
