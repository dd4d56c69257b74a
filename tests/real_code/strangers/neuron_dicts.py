# ripe or not? Each neuron is a dict, each layer a list of them, the net a list of layers.
import math
import random
import numpy as np

# the last of the weights belongs to a constant 1
def new_neuron(n_from):
	return {'weights': np.array([random.uniform(-0.5, 0.5) for _ in range(n_from)] + [0.0])}

def new_network(*widths):
	return [[new_neuron(n_from) for _ in range(n_to)] for n_from, n_to in zip(widths, widths[1:])]

def squash(v):
	return 1 / (1 + math.exp(-v))

# a row is measurements and then the class; the class is not looked at here
def forward(network, row):
	signal = list(row[:-1])
	for layer in network:
		for neuron in layer:
			w = neuron['weights']
			neuron['output'] = squash(sum(w[k] * s for k, s in enumerate(signal)) + w[len(signal)])
		signal = [neuron['output'] for neuron in layer]
	return signal

# wants a forward before it; leaves a 'delta' (which way the neuron should move) in every neuron
def backward(network, expected):
	for neuron, want in zip(network[-1], expected):
		neuron['delta'] = want - neuron['output']
	for above, layer in zip(network[:0:-1], network[-2::-1]):
		for neuron in above:
			neuron['delta'] *= neuron['output'] * (1 - neuron['output'])
		for k, neuron in enumerate(layer):
			neuron['delta'] = sum(up['weights'][k] * up['delta'] for up in above)
	for neuron in network[0]:
		neuron['delta'] *= neuron['output'] * (1 - neuron['output'])

# wants a backward before it
def adjust(network, row, rate):
	signal = list(row[:-1])
	for layer in network:
		for neuron in layer:
			neuron['weights'] += rate * neuron['delta'] * np.array(signal + [1.0])
		signal = [neuron['output'] for neuron in layer]

def learn(network, rows, rate, rounds):
	classes = len(network[-1])
	for r in range(rounds):
		off = 0.0
		for row in rows:
			expected = [float(c == row[-1]) for c in range(classes)]
			said = forward(network, row)
			off += math.fsum((e - s) ** 2 for e, s in zip(expected, said))
			backward(network, expected)
			adjust(network, row, rate)
		if r % 5 == 0:
			print(f'round {r}: squares {off:.4f}')

# softness, redness, class
random.seed(17)
fruits = [(random.gauss(1.5 * c, 0.6), random.gauss(2 - 2 * c, 0.6), c) for c in [0, 1] * 10]
network = new_network(2, 3, 2)
learn(network, fruits, 0.6, 21)
said = [forward(network, row) for row in fruits]
print(sum(s.index(max(s)) == row[-1] for s, row in zip(said, fruits)), 'of', len(fruits))
