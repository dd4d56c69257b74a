"""What may be wrong with a Jacobian: its rows, its columns, and steps of its derivation."""
