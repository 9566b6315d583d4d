"""Platforms: where posts go. One file each, listed here; nothing is found by scanning."""

from studio.platforms.base import Draft, Piece, Platform, PlatformSpec, Problem, Receipt, Render
from studio.platforms.export import Export

__all__ = ["PLATFORMS", "Draft", "Piece", "Platform", "PlatformSpec", "Problem", "Receipt", "Render"]

PLATFORMS: tuple[Platform, ...] = (Export(),)
