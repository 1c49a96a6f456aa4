"""Schedules: how much each loss counts when."""
