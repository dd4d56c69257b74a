"""A differentiable PyTorch operation: its arguments and outputs, its calls, its references."""
