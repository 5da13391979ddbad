"""The content of a broadcast: a notification per service, templates, languages, and quiet hours."""
