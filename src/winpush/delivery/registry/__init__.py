"""The channel registry: registrations, audiences, and import and export."""
