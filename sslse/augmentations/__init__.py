"""Augmentations of the core, each batched on the device."""
