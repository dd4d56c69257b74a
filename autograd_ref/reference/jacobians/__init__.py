"""A Jacobian as a gradient: that of the sum of all outputs, each with parameters of its own."""
