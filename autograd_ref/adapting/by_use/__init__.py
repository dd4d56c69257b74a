"""Parts that names play by what somebody's code does with them."""
