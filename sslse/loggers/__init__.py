"""Loggers that ship."""
