"""What goes wrong where the gradients of shards become one."""
