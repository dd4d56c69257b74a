"""What a gradient is compared with: a loss in PyTorch or NumPy, differentiated."""
