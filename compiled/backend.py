"""winpush's build backend: hatchling's, which also takes `--config-settings compile=0` and `compile=1`."""

from __future__ import annotations

import os
from collections.abc import Mapping

# hatchling keeps its quick answer about metadata from pip, since a build hook may change what it says. Ours doesn't,
# and thus pip refuses an unsuitable Python in seconds, and not once everything is compiled.
os.environ.pop("PIP_BUILD_TRACKER", None)

from hatchling import build as hatchling
from hatchling.build import (
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = Mapping[str, "str | list[str]"]


def get_requires_for_build_wheel(config_settings: Settings | None = None) -> list[str]:
    """hatchling's, and what compiling needs, where it can be done."""
    _choose(config_settings)
    return hatchling.get_requires_for_build_wheel()


def build_wheel(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel, compiled or plain; `hook.py` decides."""
    _choose(config_settings)
    return hatchling.build_wheel(wheel_directory, None, metadata_directory)


def get_requires_for_build_editable(config_settings: Settings | None = None) -> list[str]:  # noqa: ARG001 - PEP 660's
    """hatchling's: an editable install is not compiled."""
    _choose({"compile": "0"})
    return hatchling.get_requires_for_build_editable()


def build_editable(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel of an editable install, which is plain Python."""
    _choose(config_settings)
    return hatchling.build_editable(wheel_directory, None, metadata_directory)


def _choose(config_settings: Settings | None) -> None:
    """hatchling passes no settings on to a build hook; the environment does."""
    chosen = (config_settings or {}).get("compile")
    if chosen is not None:
        os.environ["WINPUSH_COMPILE"] = chosen if isinstance(chosen, str) else chosen[-1]
