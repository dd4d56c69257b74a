"""Gradients that are right for a slightly different loss, found by computing the record again."""
