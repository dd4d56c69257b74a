import numpy as np

# Three coins: two are thrown, the third always lies with its head up. Same side?
coins = np.array([[1,1,1],
				  [1,0,1],
                  [0,1,1],
				  [0,0,1]], dtype=float)
same = np.array([[1.],[0.],[0.],[1.]])

def sq(v):
	return 1/(1+np.exp(-v))

def sq_slope(s):
	return s*(1-s)

np.random.seed(26)
lower = np.random.uniform(-1.2,1.2,(3,4))
upper = np.random.uniform(-1.2,1.2,(4,1))

turn = 0
while turn < 8000:
	units = sq(coins@lower)
	said = sq(units@upper)
	lack = same-said

	# every entry: how far it should go up, and how easily it goes
	rise = lack*sq_slope(said)
	rise_units = (rise@upper.T)*sq_slope(units)
	lower += coins.T@rise_units
	upper += units.T@rise

	turn += 1
	if turn%2000 == 0:
		print(turn, "turns, largest lack", np.abs(lack).max())

print(said)
