"""`winpush send`: one command for each notification."""
