"""What is sent: the content of a broadcast for each service, its templates and languages, and quiet hours."""
