import math
# 2-2-1 net, weights in a dict
p = {'w1': .15, 'w2': .2, 'w3': .25, 'w4': .3, 'w5': .4, 'w6': .45, 'b1': .35, 'b2': .1, 'b3': .6}
def s(z): return 1/(1+math.exp(-z))
def fwd(p, x):
    h1 = s(p['w1']*x[0] + p['w3']*x[1] + p['b1'])
    h2 = s(p['w2']*x[0] + p['w4']*x[1] + p['b2'])
    return h1, h2, s(p['w5']*h1 + p['w6']*h2 + p['b3'])
def grad(p, x, t):
    h1, h2, o = fwd(p, x)
    d = (o - t)*o*(1-o)
    d1 = d*p['w5']*h1*(1-h1)
    d2 = d*p['w6']*h2*(1-h2)
    return {'w1': d1*x[0], 'w3': d1*x[1], 'w2': d2*x[0], 'w4': d2*x[1], 'w5': d*h1, 'w6': d*h2, 'b1': d1, 'b2': d2, 'b3': d}
