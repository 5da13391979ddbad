"""The worker: claims a batch of work, sends it, and records each outcome."""
