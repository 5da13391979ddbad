"""`winpush send`: one command per kind of notification."""
