"""Operations with backward passes of their own."""
