"""Removes toasts from the action centre of a Windows Phone (wns.md 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from winpush._values import Value, keep_plain
from winpush.channels import Service
from winpush.errors import ValidationError
from winpush.wns.options import check_tag

__all__ = ["ClearToasts"]

_PREFIX = "type:wns/toast;"


@dataclass(frozen=True, slots=True)
class ClearToasts(Value):
    """Removes toasts by `group`, by `tag`, or by both; `ClearToasts(everything=True)` removes all of the app's.

    For Windows Phone channels only: a Windows channel answers 405.
    """

    group: str | None = None
    tag: str | None = None
    everything: bool = False

    service = Service.WNS
    push_type = "clear-toasts"
    body: ClassVar[bytes] = b""

    def __post_init__(self) -> None:
        keep_plain(self, ("group", "tag"))
        if self.group is not None:
            check_tag("group", self.group)
        if self.tag is not None:
            check_tag("tag", self.tag)
        if not isinstance(self.everything, bool):
            raise ValidationError("everything", f"must be True or False, not {self.everything!r}")
        named = self.group is not None or self.tag is not None
        if self.everything and named:
            raise ValidationError("everything", "is True although a group or tag is given; choose one")
        if not self.everything and not named:
            raise ValidationError("tag", "is missing, and so is group; ClearToasts(everything=True) clears all")

    @property
    def match(self) -> str:
        """The value of X-WNS-Match."""
        if self.everything:
            return f"{_PREFIX}all"
        parts = [f"{name}={value}" for name, value in (("group", self.group), ("tag", self.tag)) if value is not None]
        return _PREFIX + ";".join(parts)

    @classmethod
    def read(cls, match: str) -> ClearToasts:
        """Parses the value of X-WNS-Match. Raises ValidationError for an undocumented form."""
        kind, _, rest = match.strip().partition(";")
        if kind.strip().lower() != "type:wns/toast" or not rest:
            raise ValidationError("X-WNS-Match", "must start with 'type:wns/toast;' and name a group, a tag or all")
        if rest.strip().lower() == "all":
            return cls(everything=True)
        named: dict[str, str] = {}
        for part in rest.split(";"):
            name, separator, value = part.strip().partition("=")
            if not separator or name.lower() not in ("group", "tag") or name.lower() in named:
                raise ValidationError("X-WNS-Match", f"has {part[:40]!r}; it can have group=…, tag=… or all")
            named[name.lower()] = value
        return cls(**named)  # type: ignore[arg-type]  # the test above limits its keys to two of the fields

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return {"type": "ClearToasts", "group": self.group, "tag": self.tag, "everything": self.everything}
