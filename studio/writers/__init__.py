"""Writers of captions. They see characters, recipes and tags; never documents on disk or a network's rules."""

from studio.writers.base import Variant, Writer, WriterSpec
from studio.writers.builtin import BuiltIn

__all__ = ["WRITERS", "Variant", "Writer", "WriterSpec"]

WRITERS: tuple[Writer, ...] = (BuiltIn(),)
