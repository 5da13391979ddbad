"""The emulator's WNS: judges requests to simulated Windows devices, and works out what those would show."""
