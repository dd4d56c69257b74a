"""Which of the usual networks a gradient is right for."""
