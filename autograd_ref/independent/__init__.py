"""The independent check by numerical derivatives."""
