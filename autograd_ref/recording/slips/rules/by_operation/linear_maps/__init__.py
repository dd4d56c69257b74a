"""Wrong steps back through matrix products, inverses and Fourier transforms."""
