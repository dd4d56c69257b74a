# How well does a patient feel? Third evening with the net: now with slopes.
import numpy as np

# per patient: dose (mg), hours since breakfast; then the answer, from 0 to 50
doses = np.array([[20, 1.0], [80, 2.5], [50, 4.0], [10, 3.0]])
answers = np.array([[18.0], [41], [36], [15]])

# everything between 0 and 1
doses = doses/doses.max(0)
answers = answers/50


class Response_Net(object):
    def __init__(self, seed=None):
        gen = np.random.default_rng(seed)
        #from the inputs to three units, and from those to one answer
        self.toUnits = gen.normal(size=(2,3))
        self.toAnswer = gen.normal(size=(3,1))

    def curve(self, v):
        return (1+np.tanh(v/2))/2

    def curveSlope(self, v):
        #in terms of what goes INTO the curve
        return 0.25/np.cosh(v/2)**2

    def forward(self, X):
        self.in1 = X@self.toUnits
        self.out1 = self.curve(self.in1)
        self.in2 = self.out1@self.toAnswer
        return self.curve(self.in2)

    def cost(self, X, y):
        #half the squares, added up along the patients (one number in an array)
        off = self.forward(X)-y
        return sum(off*off)/2

    def costSlopes(self, X, y):
        #first for toUnits, then for toAnswer
        off = self.forward(X)-y
        back2 = off*self.curveSlope(self.in2)
        back1 = self.curveSlope(self.in1)*(back2@self.toAnswer.T)
        return X.T@back1, self.out1.T@back2


net = Response_Net(seed=16)
print('cost before', net.cost(doses, answers))
for evening in range(30):
    forUnits, forAnswer = net.costSlopes(doses, answers)
    net.toUnits -= 2.0*forUnits
    net.toAnswer -= 2.0*forAnswer
print('cost after ', net.cost(doses, answers))
