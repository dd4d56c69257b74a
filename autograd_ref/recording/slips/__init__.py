"""The wrong steps that people make in a backward pass."""
