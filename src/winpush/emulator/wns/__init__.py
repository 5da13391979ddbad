"""The emulator's WNS: judges requests to simulated Windows devices, and what those would show."""
