import numpy as np

# does the lock open? code of two buttons, third input always on
def gate(v, slope=False):
	if slope:
	    return v - v**2      # v has been through the gate
	return np.exp(-np.logaddexp(0, -v))

buttons = np.array([[1,1,1], [0,1,1],
			[1,0,1], [0,0,1]])
opens = np.array([1, 0, 0, 1])[:, np.newaxis]

gen = np.random.RandomState(38)
first = gen.normal(0, 0.8, (3,4))
second = gen.normal(0, 0.8, (4,1))

for turn in range(5000):
    middle = gate(buttons.dot(first))
    answer = gate(middle.dot(second))

    missing = opens - answer
    if turn % 1000 == 0:
		# one number to look at
        print(turn, 'missing by', abs(missing).mean())

    # push where the gate is still steep
    push = missing * gate(answer, slope=True)
    push_middle = push.dot(second.T) * gate(middle, slope=True)

    first += buttons.T.dot(push_middle)
    second += middle.T.dot(push)

print(answer.round(2).tolist())
