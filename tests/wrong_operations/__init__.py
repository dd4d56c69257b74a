"""Backward passes of operations, as authors of kernels write them, right ones and wrong ones."""
