"""Mistakes that are made where the gradients of shards become one."""
