"""`winpush demo`: simulated devices, a broadcast to them, and a report."""
