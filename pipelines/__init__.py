"""The diffusion pipelines: images, tensors and files. Nothing here imports the studio."""

import os

# Read once by the OpenMP runtime when torch is loaded, so it has to be here, before anything in this package loads it.
# Threads that wait for each other then sleep instead of spinning: beside a browser or any other busy program a spinning
# thread takes the core from the very one it waits for (measured on two busy cores: pictures up to 4 times slower).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
