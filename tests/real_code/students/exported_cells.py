#!/usr/bin/env python
# coding: utf-8

# # Night or day shift?
# Two measurements of a worker's pulse, a net with a few tanh units.

# In[1]:

import numpy as np


# In[2]:

gen = np.random.RandomState(99)
angle = gen.uniform(0, 2 * np.pi, 200)
radius = np.where(np.arange(200) % 2 == 0, 0.7, 1.8) + gen.normal(0, 0.15, 200)
X = (radius * np.array([np.cos(angle), np.sin(angle)])).T + 0.5
y = np.arange(200) % 2


# In[3]:

rate = 0.01     # of the descent
decay = 0.01    # of the weights
N_IN, N_CLASSES = 2, 2


# In[4]:

# One function for the layers, used everywhere below
def layers(model, data):
    hid = np.tanh(data @ model['W1'] + model['b1'])
    s = hid @ model['W2'] + model['b2']
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return hid, p


# In[5]:

# Cost of a model on all of X: sum over the rows, and the decay
def total_cost(model):
    p = layers(model, X)[1]
    fit = np.log(p[np.arange(len(y)), y]).sum()
    weights = (model['W1'] ** 2).sum() + (model['W2'] ** 2).sum()
    return 0.5 * decay * weights - fit


# In[6]:

# Makes a model with n_hidden units and lets it go down n_steps times (0 is allowed).
def fit_model(n_hidden, n_steps=2000, talk=False):
    start = np.random.RandomState(41)
    model = {
        'b1': np.zeros((1, n_hidden)),
        'b2': np.zeros((1, N_CLASSES)),
        'W1': start.normal(0, 0.7, (N_IN, n_hidden)),
        'W2': start.normal(0, 0.5, (n_hidden, N_CLASSES)),
    }
    truth = np.eye(N_CLASSES)[y]
    for step in range(n_steps):
        hid, p = layers(model, X)
        e_out = p - truth
        e_hid = e_out @ model['W2'].T * (1 - hid * hid)
        dW1, db1 = X.T @ e_hid + decay * model['W1'], e_hid.sum(axis=0)
        dW2, db2 = hid.T @ e_out + decay * model['W2'], e_out.sum(axis=0, keepdims=True)

        # all four at once
        model = {
            'W1': model['W1'] - rate * dW1,
            'b1': model['b1'] - rate * db1,
            'W2': model['W2'] - rate * dW2,
            'b2': model['b2'] - rate * db2,
        }
        if talk and step % 500 == 0:
            print('step', step, 'cost', total_cost(model))
    return model


# In[7]:

model = fit_model(3, 1501, talk=True)


# In[8]:

print('share right:', (layers(model, X)[1].argmax(axis=1) == y).mean())
