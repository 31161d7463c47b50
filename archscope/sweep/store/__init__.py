"""A sweep's folder: written, leased, read, checked."""
