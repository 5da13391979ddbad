"""What a Windows device shows of a document, and what is worth a remark in it."""
