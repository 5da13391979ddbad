"""Who is sent to: registrations, audiences, and the files they are imported from and exported to."""
