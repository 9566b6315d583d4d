"""The words a persona can be described with. Others are allowed; these the built-in writer knows by heart."""

COMMUNICATION_STYLES = (
    "friendly",
    "playful",
    "witty",
    "warm",
    "direct",
    "poetic",
    "storytelling",
    "teaching",
    "formal",
    "mysterious",
    "enthusiastic",
    "laid-back",
)

CONTENT_TONES = (
    "upbeat",
    "calm",
    "inspiring",
    "thoughtful",
    "cosy",
    "bold",
    "dreamy",
    "ironic",
    "nostalgic",
    "informative",
)
