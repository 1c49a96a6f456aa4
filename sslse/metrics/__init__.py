"""Metrics of the core; PESQ and STOI through their packages only."""
