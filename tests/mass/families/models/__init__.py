"""Models that people train."""
