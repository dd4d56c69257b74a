"""The usual networks: how one is chosen, its loss in PyTorch, and which of them a gradient fits."""
