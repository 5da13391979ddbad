"""Text and bytes hidden from reprs, so that a request can safely be printed, logged, or shown by a failing test."""

from __future__ import annotations

__all__ = ["SecretBytes", "SecretText"]


class SecretText(str):
    """Text whose repr is `'…'`; on the wire it is unchanged."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


class SecretBytes(bytes):
    """Bytes whose repr is `b'…'`; on the wire they are unchanged."""

    def __repr__(self) -> str:
        return "b'…'"
