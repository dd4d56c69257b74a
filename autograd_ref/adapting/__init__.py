"""Real code as gradients(parameters, X, Y), found by names, shapes and by trying."""
