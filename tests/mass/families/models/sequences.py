"""Tokens and hidden states."""

import numpy as np
import torch
from numpy.random import Generator
from scipy.special import expit, logsumexp, softmax
from torch.nn import functional

from tests.mass.nest import A
from tests.mass.problem import Problem, family, size


@family()
def embeddings(rng: Generator, dtype: str) -> Problem:
    """A bag of words with repeated tokens, by np.add.at; some words do not occur."""
    words, d, n, length = size(rng, 3, 8), size(rng, 1, 3), size(rng, 1, 5), size(rng, 1, 5)

    def loss(E: A, tokens: A, y: A) -> A:
        return ((torch.tanh(E[tokens].mean(1)).sum(1) - y) ** 2).sum()

    def numpy_loss(E: A, tokens: A, y: A) -> A:
        return np.sum((np.tanh(E[tokens].mean(axis=1)).sum(axis=1) - y) ** 2)

    def gradients(E: A, tokens: A, y: A) -> A:
        a = np.tanh(E[tokens].mean(axis=1))
        each = 2 * (a.sum(axis=1) - y)[:, None] * (1 - a**2) / tokens.shape[1]
        out = np.zeros_like(E)
        np.add.at(out, tokens, each[:, None, :])
        return out

    data = rng.integers(0, words, (n, length)), rng.normal(size=n)
    return Problem(
        gradients, rng.normal(size=(words, d)), data, loss, numpy_loss, batch="sum", batched=2
    ).of(dtype)


@family()
def skip_gram(rng: Generator, dtype: str) -> Problem:
    """Negative sampling, word by word, the parameters in an object's two tables."""
    words, d, n = size(rng, 3, 6), size(rng, 1, 3), size(rng, 1, 8)

    def loss(p: A, centre: A, context: A, sign: A) -> A:
        scores = (p["inside"][centre] * p["outside"][context]).sum(1)
        return -functional.logsigmoid(sign * scores).sum()

    def gradients(p: A, centre: A, context: A, sign: A) -> A:
        out = {key: np.zeros_like(table) for key, table in p.items()}
        for c, o, s in zip(centre, context, sign, strict=True):
            u, v = p["inside"][c], p["outside"][o]
            pull = -s * expit(-s * (u @ v))
            out["inside"][c] += pull * v
            out["outside"][o] += pull * u
        return out

    parameters = {key: rng.normal(size=(words, d)) for key in ("inside", "outside")}
    data = rng.integers(0, words, n), rng.integers(0, words, n), rng.choice([-1.0, 1.0], n)
    return Problem(gradients, parameters, data, loss, batch="sum", batched=3).of(dtype)


@family()
def hidden_markov(rng: Generator, dtype: str) -> Problem:
    """The likelihood of a hidden Markov chain: expected counts from forward and backward."""
    k, symbols, T = size(rng, 2, 3), size(rng, 2, 3), size(rng, 2, 15)

    def loss(p: A, seen: A) -> A:
        trans, emit = torch.log_softmax(p["T"], 1), torch.log_softmax(p["E"], 1)
        alpha = torch.log_softmax(p["start"], 0) + emit[:, seen[0]]
        for symbol in seen[1:]:
            alpha = torch.logsumexp(alpha[:, None] + trans, 0) + emit[:, symbol]
        return -torch.logsumexp(alpha, 0)

    def numpy_loss(p: A, seen: A) -> A:
        trans, emit, alpha = softmax(p["T"], 1), softmax(p["E"], 1), softmax(p["start"])
        total = 0.0
        for t, symbol in enumerate(seen):
            alpha = (alpha @ trans if t else alpha) * emit[:, symbol]
            total -= np.log(alpha.sum())
            alpha = alpha / alpha.sum()
        return total

    def gradients(p: A, seen: A) -> A:
        trans, emit, start = softmax(p["T"], axis=1), softmax(p["E"], axis=1), softmax(p["start"])
        n = len(seen)
        alpha, beta = np.empty((n, k), trans.dtype), np.ones((n, k), trans.dtype)
        alpha[0] = start * emit[:, seen[0]]
        for t in range(1, n):
            alpha[t] = alpha[t - 1] @ trans * emit[:, seen[t]]
        for t in range(n - 2, -1, -1):
            beta[t] = trans @ (emit[:, seen[t + 1]] * beta[t + 1])
        likelihood = alpha[-1].sum()
        occupied = alpha * beta / likelihood
        moves = np.zeros_like(trans)
        for t in range(n - 1):
            moves += np.outer(alpha[t], emit[:, seen[t + 1]] * beta[t + 1]) * trans / likelihood
        shown = np.zeros_like(emit)
        np.add.at(shown.T, seen, occupied)
        return {
            "start": start - occupied[0],
            "T": moves.sum(axis=1, keepdims=True) * trans - moves,
            "E": shown.sum(axis=1, keepdims=True) * emit - shown,
        }

    parameters = {
        "start": rng.normal(size=k),
        "T": rng.normal(size=(k, k)),
        "E": rng.normal(size=(k, symbols)),
    }
    return Problem(gradients, parameters, (rng.integers(0, symbols, T),), loss, numpy_loss).of(
        dtype
    )


@family()
def chain_field(rng: Generator, dtype: str) -> Problem:
    """A conditional random field: marginals in the logarithmic domain."""
    T, k = size(rng, 2, 8), size(rng, 2, 4)

    def loss(p: A, tags: A) -> A:
        alpha = p["unary"][0]
        score = p["unary"][0, tags[0]]
        for t in range(1, T):
            alpha = torch.logsumexp(alpha[:, None] + p["pair"], 0) + p["unary"][t]
            score = score + p["pair"][tags[t - 1], tags[t]] + p["unary"][t, tags[t]]
        return torch.logsumexp(alpha, 0) - score

    def numpy_loss(p: A, tags: A) -> A:
        alpha = p["unary"][0]
        for t in range(1, T):
            alpha = np.log(np.exp(alpha[:, None] + p["pair"]).sum(axis=0)) + p["unary"][t]
        score = p["unary"][np.arange(T), tags].sum() + p["pair"][tags[:-1], tags[1:]].sum()
        return np.log(np.exp(alpha).sum()) - score

    def gradients(p: A, tags: A) -> A:
        unary, pair = p["unary"], p["pair"]
        forward, back = [unary[0]], [np.zeros(k, unary.dtype)]
        for t in range(1, T):
            forward.append(logsumexp(forward[-1][:, None] + pair, axis=0) + unary[t])
        for t in range(T - 1, 0, -1):
            back.insert(0, logsumexp(pair + (unary[t] + back[0])[None], axis=1))
        log_z = logsumexp(forward[-1])
        by_unary = np.exp(np.array(forward) + np.array(back) - log_z)
        by_pair = np.zeros_like(pair)
        for t in range(1, T):
            by_pair += np.exp(forward[t - 1][:, None] + pair + unary[t] + back[t] - log_z)
            by_pair[tags[t - 1], tags[t]] -= 1
        by_unary[np.arange(T), tags] -= 1
        return {"unary": by_unary, "pair": by_pair}

    parameters = {"unary": rng.normal(size=(T, k)), "pair": rng.normal(size=(k, k))}
    return Problem(gradients, parameters, (rng.integers(0, k, T),), loss, numpy_loss).of(dtype)
