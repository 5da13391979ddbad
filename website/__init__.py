"""What makes the site of the docs: its build, its check, and the pictures of the emulator's page."""
