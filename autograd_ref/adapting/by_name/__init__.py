"""Names and source as evidence: the part of an argument, the layer of an array, keys looked up."""
