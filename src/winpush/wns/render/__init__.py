"""What a Windows device shows of a document, and remarks about it."""
