"""What the record of a loss, or of an operation, tells the diagnosis about it."""
