"""What it takes to run winpush, and a trial of it."""
