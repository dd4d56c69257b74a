"""Models of losses and operations, which the diagnosis asks: they come from their records."""
