"""Delivery that loses nothing: a registry of channels, and what is to be sent to them."""
