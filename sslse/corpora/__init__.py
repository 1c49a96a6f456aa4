"""Corpora of the core; each lists its recordings without opening a file."""
