"""The catalogue of wrong derivations of the built-in network."""
