"""Questions that are asked of an operation only after it was found to be wrong."""
