"""Families of time-frequency networks: an encoder and the decoder that belongs to it."""
