"""The emulator's WNS: judges requests to simulated Windows devices, and works out what these would show."""
