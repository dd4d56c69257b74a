"""What is called, with which arguments, and where the gradient then is."""
