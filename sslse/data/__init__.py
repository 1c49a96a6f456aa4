"""Packed corpora, crops and mixing."""
