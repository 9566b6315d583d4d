"""Writers of captions and other words. They see characters, recipes and tags; never documents on disk."""

from studio.writers.base import Desk, Network, Variant, Writer, WriterSpec
from studio.writers.builtin import BuiltIn
from studio.writers.openai_protocol import OpenAIWriter

__all__ = ["WRITERS", "Desk", "Network", "OpenAIWriter", "Variant", "Writer", "WriterSpec"]

WRITERS: tuple[Writer, ...] = (BuiltIn(), OpenAIWriter())
