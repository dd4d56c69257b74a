"""The parts that code has beside a gradient, judged with it: a penalty, an update."""
