"""Builds the docs' site, checks it, and draws the pictures of the emulator's page."""
