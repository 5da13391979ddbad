"""The files for running winpush in production, and a script that tests them."""
