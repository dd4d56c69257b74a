"""Data-parallel gradients: a batch in shards, one in each process of a group."""
