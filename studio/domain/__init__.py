"""Documents and requests. They know their own rules and words; never files, torch, gradio or a network."""
