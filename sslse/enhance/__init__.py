"""Enhance sound with a trained model: arrays, streams, files and folders."""
