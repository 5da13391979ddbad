"""Text and bytes that no repr shows: a request can then be printed, logged and shown in a failing test."""

from __future__ import annotations

__all__ = ["SecretBytes", "SecretText"]


class SecretText(str):
    """A text that shows itself as `'…'`; on the wire it is what it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


class SecretBytes(bytes):
    """Bytes that show themselves as `b'…'`; on the wire they are what they are."""

    def __repr__(self) -> str:
        return "b'…'"
