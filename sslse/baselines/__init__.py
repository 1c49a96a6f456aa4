"""Baselines of the core: estimators that every model is compared with."""
