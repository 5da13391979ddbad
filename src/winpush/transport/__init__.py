"""Sockets: HTTP/1.1 connections on asyncio, their pool, TLS and proxies. Nothing here knows about notifications."""
