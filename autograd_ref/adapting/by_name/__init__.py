"""What names and source tell: the part of an argument, the layer of an array, keys looked up."""
