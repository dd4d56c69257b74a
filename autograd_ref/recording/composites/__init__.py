"""Operations taken apart into the steps in which a person derives them."""
