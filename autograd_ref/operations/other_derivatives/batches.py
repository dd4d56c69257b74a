"""vmap of an operation and of its backward pass, against a loop over the samples."""

from collections.abc import Iterator
from functools import partial
from itertools import count

from autograd_ref.observe.elsewhere import Place
from autograd_ref.operations.other_derivatives.double_backward import refused_by
from autograd_ref.operations.other_derivatives.examination import Examination, Unavailable
from autograd_ref.operations.other_derivatives.kinds import defined
from autograd_ref.operations.other_derivatives.sample_axis import Samples
from autograd_ref.operations.prepared import Prepared
from autograd_ref.report.data import Note
from autograd_ref.tree import nest as nests
from autograd_ref.tree.nest import nested
from autograd_ref.tree.point import Point
from autograd_ref.user_code import Raised, attempt, worded

OF_VJP = "by torch.func.vmap of torch.func.vjp"
OF_GRAD = "by torch.autograd.grad(..., is_grads_batched=True)"


def batched(ready: Prepared, name: str, seed: int) -> Iterator[Examination | Unavailable]:
    """The operation on several samples: of all inputs, of each alone, of upstream gradients.

    Args:
        ready: the operation on one sample.
        name: of its reference.
        seed: for the upstream gradients.
    """
    originals = ready.subject.signature.originals()
    shapes = [t.shape for t in (*originals.values(), *ready.upstream.values())]
    size = next(n for n in count(2) if not any(n in shape for shape in shapes))
    every, about = Samples(ready, tuple(originals), size), f"a loop over samples with {name}"
    first = _by_vmap(every, "batched", about, seed)
    yield first
    if isinstance(first, Examination):
        arranged = {"over the last axis": every._replace(last=True)}
        for path in originals if len(originals) > 1 else ():
            arranged[f"over {nests.name_of(path)} alone"] = every._replace(mapped=(path,))
        for said, batch in arranged.items():
            further = _by_vmap(batch, f"batched {said}", about, seed)
            if isinstance(further, Unavailable):  # PyTorch calls it so sooner or later
                further = further._replace(fails=True)
            yield further._replace(further=True)
    yield _by_grad(every._replace(mapped=()), about, seed)


def _by_vmap(batch: Samples, kind: str, about: str, seed: int) -> Examination | Unavailable:
    vmapped, given = batch.under_vmap(), nested(batch.inputs())
    refused = refused_by(vmapped, given)
    if refused:
        fails = "batched" in defined(batch.ready.subject.operation)
        return Unavailable(kind, f"torch.func.vmap raised {refused}", fails)
    made = batch.prepared(vmapped, seed)
    by_vjp = partial(batch.by_vjp, made.subject.signature)
    tried = attempt(partial(by_vjp, made.nest))
    if isinstance(tried, Raised):
        note = Note("not available", f"gradients {OF_VJP} ({worded(tried.error)})")
        return Examination(kind, about, made, notes=(note,), signs=batch.mixed)
    place = Place(OF_VJP, by_vjp, Point(made.nest, ()), must_run=True)
    return Examination(kind, about, made, places=(place,), signs=batch.mixed)


def _by_grad(batch: Samples, about: str, seed: int) -> Examination | Unavailable:
    made = batch.prepared(batch.looped(batch.ready.subject.callee), seed)
    by_grad = partial(batch.by_grad, made.subject.signature)
    tried, kind = attempt(partial(by_grad, made.nest)), f"batched {OF_GRAD}"
    if isinstance(tried, Raised):
        return Unavailable(kind, f"it raised {worded(tried.error)}", further=True)
    return Examination(kind, about, made, by_grad, further=True)
