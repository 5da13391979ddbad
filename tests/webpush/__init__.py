"""Web Push, the pure part."""
