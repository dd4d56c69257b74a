# -*- coding: utf-8 -*-
# Numbers without a meaning, to see whether a net can learn them by heart.
import numpy as np

# 24 rows; a row has 20 numbers and shall become 4, by way of 10 rectified ones
rows, wide, mid, narrow = 24, 20, 10, 4
V = np.random.normal(0, 0.5, (wide, mid))
U = np.random.normal(0, 0.5, (mid, narrow))

given = np.random.uniform(-1, 1, (rows, wide))
wanted = np.random.uniform(-2, 2, (rows, narrow))

pace = 2e-3
history = []
for turn in range(400):
    bent = given @ V
    active = bent > 0
    bent = bent * active
    off = bent @ U - wanted
    history.append((off ** 2).sum())

    # slopes of the sum of squares; U is still the old one in the second
    slope_U = 2 * bent.T @ off
    slope_V = given.T @ (2 * off @ U.T * active)
    V, U = V - pace * slope_V, U - pace * slope_U

for turn in (0, 100, 200, 399):
    print('turn', turn, 'sum of squares', history[turn])
