"""Sockets: HTTP/1.1 connections on asyncio, their pool, TLS and proxies. Nothing here knows what a notification is."""
