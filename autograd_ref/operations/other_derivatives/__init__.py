"""The derivatives of an operation beside the first: double backward, forward mode, vmap."""
