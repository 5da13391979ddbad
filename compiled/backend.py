"""winpush's build backend: hatchling's, which also takes `--config-settings compile=0` and `compile=1`."""

from __future__ import annotations

import os
from collections.abc import Mapping

# hatchling withholds its fast metadata answer from pip, because a build hook may change the metadata. Ours doesn't, so
# pip can refuse an unsuitable Python in seconds rather than after compiling everything.
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
    """hatchling's requirements, and those for compiling if it is possible."""
    _choose(config_settings)
    return hatchling.get_requires_for_build_wheel()


def build_wheel(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel, compiled or plain; `hook.py` decides."""
    _choose(config_settings)
    return hatchling.build_wheel(wheel_directory, None, metadata_directory)


def get_requires_for_build_editable(config_settings: Settings | None = None) -> list[str]:  # noqa: ARG001 - PEP 660's
    """hatchling's requirements: an editable install isn't compiled."""
    _choose({"compile": "0"})
    return hatchling.get_requires_for_build_editable()


def build_editable(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Builds the wheel of an editable install, which is plain Python."""
    _choose(config_settings)
    return hatchling.build_editable(wheel_directory, None, metadata_directory)


def _choose(config_settings: Settings | None) -> None:
    """hatchling doesn't pass settings on to a build hook, so they go through the environment."""
    chosen = (config_settings or {}).get("compile")
    if chosen is not None:
        os.environ["WINPUSH_COMPILE"] = chosen if isinstance(chosen, str) else chosen[-1]
