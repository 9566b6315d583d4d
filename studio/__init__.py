"""A local studio for virtual creators."""

__version__ = "0.1.0"
