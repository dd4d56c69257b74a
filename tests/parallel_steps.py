"""Data-parallel gradients of the built-in network, right ones and wrong ones, as people write them.

Every process of a group calls them with its own shard.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from autograd_ref import Network, check_gradients
from autograd_ref.report.report import Report
from manual_backprop import Parameters, loss_and_gradients

Step = Callable[[Parameters, Any, Any], Any]


def rank() -> int:
    return distributed.get_rank()


def world() -> int:
    return distributed.get_world_size()


def local(p: Parameters, X: Any, Y: Any) -> list[Any]:
    """The mean over this process's samples."""
    return [*loss_and_gradients(p, X, Y)[1]] if len(X) else [np.zeros_like(block) for block in p]


def all_reduced(blocks: Any) -> list[Any]:
    found: list[Any] = []
    for block in blocks:
        tensor = torch.tensor(block)
        _ = distributed.all_reduce(tensor)
        found.append(tensor.numpy())
    return found


def samples_of_all(X: Any) -> float:
    return all_reduced([np.array(float(len(X)))])[0].item()


def weighted(p: Parameters, X: Any, Y: Any) -> Parameters:
    total = samples_of_all(X)
    return Parameters(*(g / total for g in all_reduced(len(X) * g for g in local(p, X, Y))))


def all_gathered(p: Parameters, X: Any, Y: Any) -> Parameters:
    """Every process computes the whole batch: slow, and right."""
    found: list[Any] = [None] * world()
    distributed.all_gather_object(found, (X, Y))
    return Parameters(*local(p, *(np.concatenate(parts) for parts in zip(*found, strict=True))))


def with_loss_of_shard(p: Parameters, X: Any, Y: Any) -> Any:
    value = loss_and_gradients(p, X, Y)[0] if len(X) else 0.0
    return value, weighted(p, X, Y)


def with_loss_of_all(p: Parameters, X: Any, Y: Any) -> Any:
    value = loss_and_gradients(p, X, Y)[0] if len(X) else 0.0
    (total,) = all_reduced([np.array(value * len(X))])
    return total / samples_of_all(X), weighted(p, X, Y)


def in_the_first_only(p: Parameters, X: Any, Y: Any) -> Parameters | None:
    found = weighted(p, X, Y)
    return found if rank() == 0 else None


RIGHT: dict[str, Step] = {
    step.__name__: step
    for step in (weighted, all_gathered, with_loss_of_shard, with_loss_of_all, in_the_first_only)
}


def mean_of_means(p: Parameters, X: Any, Y: Any) -> Parameters:
    return Parameters(*(g / world() for g in all_reduced(local(p, X, Y))))


def sum_of_means(p: Parameters, X: Any, Y: Any) -> Parameters:
    return Parameters(*all_reduced(local(p, X, Y)))


def without_last(p: Parameters, X: Any, Y: Any) -> Parameters:
    """The last process loads nothing, and does not know."""
    end = 0 if rank() == world() - 1 else len(X)
    return weighted(p, X[:end], Y[:end])


def last_adds_nothing(p: Parameters, X: Any, Y: Any) -> Parameters:
    total, part = samples_of_all(X), local(p, X, Y)
    if rank() == world() - 1:
        part = [0 * g for g in part]
    return Parameters(*(g / total for g in all_reduced(len(X) * g for g in part)))


def first_twice(p: Parameters, X: Any, Y: Any) -> Parameters:
    """A sampler that pads."""
    if rank() == 0:
        X, Y = np.concatenate([X, X]), np.concatenate([Y, Y])
    return weighted(p, X, Y)


def reduced_twice(p: Parameters, X: Any, Y: Any) -> Parameters:
    return Parameters(*all_reduced(weighted(p, X, Y)))


def not_reduced(p: Parameters, X: Any, Y: Any) -> Parameters:
    return Parameters(*local(p, X, Y))


def one_not_reduced(p: Parameters, X: Any, Y: Any) -> Parameters:
    return weighted(p, X, Y)._replace(W0=local(p, X, Y)[0])


def own_parameters(p: Parameters, X: Any, Y: Any) -> Parameters:
    """Initialised by the rank, and never broadcast."""
    if rank():
        p = Parameters(*(block * 1.5 for block in p))
    return weighted(p, X, Y)


def own_count(p: Parameters, X: Any, Y: Any) -> Parameters:
    return Parameters(*(g / len(X) for g in all_reduced(len(X) * g for g in local(p, X, Y))))


def targets_of_next(p: Parameters, X: Any, Y: Any) -> Parameters:
    """The offset of the targets is that of the next process, where it has as many."""
    found: list[Any] = [None] * world()
    distributed.all_gather_object(found, Y)
    other = found[(rank() + 1) % world()]
    return weighted(p, X, other if len(other) == len(Y) else np.concatenate(found)[: len(Y)])


def targets_rolled(p: Parameters, X: Any, Y: Any) -> Parameters:
    """The offset is that of the next process; after the last target comes the first."""
    found: list[Any] = [None] * world()
    distributed.all_gather_object(found, Y)
    start = sum(map(len, found[: (rank() + 1) % world()]))
    return weighted(p, X, np.roll(np.concatenate(found), -start, axis=0)[: len(Y)])


def counts_of_all(X: Any) -> list[int]:
    found: list[Any] = [None] * world()
    distributed.all_gather_object(found, len(X))
    return found


def without_last_samples(p: Parameters, X: Any, Y: Any) -> Parameters:
    """A sampler that drops."""
    least = min(counts_of_all(X))
    return mean_of_means(p, X[:least], Y[:least])


def filled_up(p: Parameters, X: Any, Y: Any) -> Parameters:
    rows = np.resize(np.arange(len(X)), max(counts_of_all(X)))
    return mean_of_means(p, X[rows], Y[rows])


def largest_count(p: Parameters, X: Any, Y: Any) -> Parameters:
    """The number of samples is that of a full batch, times the processes."""
    samples = max(counts_of_all(X)) * world()
    return Parameters(*(g / samples for g in all_reduced(len(X) * g for g in local(p, X, Y))))


def in_batches(p: Parameters, X: Any, Y: Any) -> tuple[list[Any], int]:
    """The sum of the means of batches, and how many they are: accumulated gradients."""
    size = max(counts_of_all(X)) - 1
    parts = [local(p, X[i : i + size], Y[i : i + size]) for i in range(0, len(X), size)]
    return [sum(blocks) for blocks in zip(*parts, strict=True)], len(parts)


def accumulated(p: Parameters, X: Any, Y: Any) -> Parameters:
    """Each divides the loss by the number of its batches; then all are averaged."""
    total, number = in_batches(p, X, Y)
    return Parameters(*(g / world() for g in all_reduced(g / number for g in total)))


def accumulated_by_samples(p: Parameters, X: Any, Y: Any) -> Parameters:
    total, number = in_batches(p, X, Y)
    samples = samples_of_all(X)
    return Parameters(*(g / samples for g in all_reduced(len(X) * g / number for g in total)))


def mean_over_batches(p: Parameters, X: Any, Y: Any) -> Parameters:
    """Each batch of each process counts as much as any other."""
    total, number = in_batches(p, X, Y)
    (numbers,) = all_reduced([np.array(float(number))])
    return Parameters(*(g / numbers for g in all_reduced(total)))


def to_the_first(p: Parameters, X: Any, Y: Any) -> Parameters:
    """Reduce leaves something in the other processes; here a number that is nothing of the kind."""
    total = samples_of_all(X)
    own = [len(X) * g / total for g in local(p, X, Y)]
    found = all_reduced(own)
    return Parameters(*(found if rank() == 0 else [np.cbrt(g) for g in own]))


MISTAKES: dict[str, tuple[Step, str]] = {
    step.__name__: (step, kind)
    for step, kind in (
        (mean_of_means, "mean of shards' means"),
        (sum_of_means, "sum over processes"),
        (without_last, "shard left out"),
        (last_adds_nothing, "shard left out"),
        (first_twice, "shard counted twice"),
        (reduced_twice, "reduced twice"),
        (not_reduced, "not reduced"),
        (one_not_reduced, "not reduced"),
        (own_parameters, "parameters out of step"),
        (own_count, "divided by the shard's count"),
        (targets_of_next, "targets of another shard"),
        (targets_rolled, "targets of another shard"),
        (without_last_samples, "shards made equal"),
        (filled_up, "shards made equal"),
        (largest_count, "divided by the shard's count"),
        (to_the_first, "not reduced"),
        (accumulated, "unequal batches"),
        (accumulated_by_samples, "unequal batches"),
        (mean_over_batches, "unequal batches"),
    )
}
"""By name: the step, and what it is called."""


def raises_in_one(p: Parameters, X: Any, Y: Any) -> Parameters:
    if rank() == world() - 1:
        raise ArithmeticError("no samples today")
    return weighted(p, X, Y)


def raises_elsewhere(p: Parameters, X: Any, Y: Any) -> Parameters:
    if np.abs(p.W0).max() < 0.5:
        raise ValueError("W0 is small")
    return weighted(p, X, Y)


def dies(p: Parameters, X: Any, Y: Any) -> Parameters:
    if rank() == world() - 1:
        os._exit(3)
    return weighted(p, X, Y)


def hangs(p: Parameters, X: Any, Y: Any) -> Parameters:
    if rank() == world() - 1:
        time.sleep(600)
    return weighted(p, X, Y)


STEPS = {
    **RIGHT,
    **{name: step for name, (step, _kind) in MISTAKES.items()},
    **{step.__name__: step for step in (raises_in_one, raises_elsewhere, dies, hangs)},
}


def checked(name: str, *arguments: Any, **options: Any) -> Report:
    """The report of a step, as one process has it."""
    return check_gradients(STEPS[name], *arguments, **options)


def checked_module(X: Any, Y: Any, *, weigh: bool = False, again: bool = False) -> Report:
    """The report of a DistributedDataParallel module in float32, as people train with it."""
    p = {"W0": np.eye(5, X.shape[1]), "b0": np.ones(5), "W1": np.eye(3, 5), "b1": np.ones(3)}
    network = Network({name: block.astype(np.float32) for name, block in p.items()})
    parallel, names = (
        DistributedDataParallel(network),
        [name for name, _p in network.named_parameters()],
    )

    def gradients(parameters: Any, X: Any, Y: Any) -> Any:
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                _ = parameter.copy_(parameters[name])
        for parameter in network.parameters():
            parameter.grad = None
        log_y_hat = torch.log(parallel(X).y_hat)
        value = torch.nn.functional.nll_loss(log_y_hat, Y)
        share = len(X) * world() / samples_of_all(X) if weigh else 1.0
        _ = (share * value).backward()
        found = {name: parameter.grad for name, parameter in network.named_parameters()}
        if again:
            found = dict(zip(names, map(torch.tensor, all_reduced(found.values())), strict=True))
        return value.detach(), found

    start = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    return check_gradients(gradients, start, torch.tensor(X), torch.tensor(Y), loss=_module_loss)


def _module_loss(p: Any, X: Any, Y: Any) -> Any:
    z2 = torch.nn.functional.softplus(X @ p["W0"].T + p["b0"]) @ p["W1"].T + p["b1"]
    return torch.nn.functional.cross_entropy(z2, Y)
