"""Recognizes Web Push (RFC 8030), which an app's channel doesn't accept, so that the refusal can say so."""

from __future__ import annotations

from winpush.emulator.exchange import Incoming

__all__ = ["remark_web_push"]

# How a web-push library signs (RFC 8292 and its draft) and encrypts (RFC 8291 and its draft). RFC 8030 requires TTL.
_SCHEMES = ("vapid", "webpush")
_ENCODINGS = ("aes128gcm", "aesgcm")


def remark_web_push(request: Incoming) -> tuple[str, ...]:
    """What shows that a web-push library made this request, and what to send instead; empty for other requests."""
    signs = _signs_of(request)
    if signs:
        return (
            f"This is a Web Push request ({', '.join(signs)}), as a web-push library makes it for a browser's "
            "subscription. An app's channel needs a native one, with X-WNS-Type and an access token (wns.md 3.1).",
        )
    return ()


def _signs_of(request: Incoming) -> list[str]:
    scheme = (request.header("authorization") or "").strip().partition(" ")[0].lower()
    encoding = (request.header("content-encoding") or "").strip().lower()
    signs = [f"Authorization: {scheme}"] if scheme in _SCHEMES else []
    signs += [f"Content-Encoding: {encoding}"] if encoding in _ENCODINGS else []
    return signs if request.header("ttl") is None else [*signs, "TTL"]
