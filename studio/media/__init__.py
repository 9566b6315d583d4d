"""Files in, files out: metadata, pictures, thumbnails. Knows recipes; never documents on disk, jobs or a network."""
