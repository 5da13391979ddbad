"""The emulator's MPNS: judges requests to simulated phones as the service did."""
