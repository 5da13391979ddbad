"""Clients, which prepare a send, drive it over a connection, and turn its end into a Result."""

from winpush.client.async_client import AsyncClient
from winpush.client.sync_client import Client

__all__ = ["AsyncClient", "Client"]
