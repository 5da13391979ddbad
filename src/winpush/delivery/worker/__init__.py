"""The worker: claims a batch, sends it, and records each outcome."""
