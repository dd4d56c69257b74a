"""How far rounding moves a result: the arithmetic, the rules per operation, Monte Carlo."""
