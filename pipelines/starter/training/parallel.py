"""Data-parallel training on a few cores: one single-threaded process per core, gradients averaged in shared memory.

One process with two OpenMP threads loses most of its speed as soon as anything else runs on the cores (29 -> 4 a second
were seen), because every small operator waits for the slower thread. Two single-threaded processes wait for each other
once per step instead, which costs about 4 % when the machine is free and degrades in proportion when it is not.
"""

import torch
import torch.multiprocessing as mp

BARRIER_SECONDS = 900


class Ranks:
    """One worker's view of the group: `rank` in 0..world-1, and averaging of gradients between the workers."""

    def __init__(self, rank=0, world=1, buffer=None, barrier=None):
        self.rank, self.world, self.buffer, self.barrier = rank, world, buffer, barrier

    @property
    def first(self):
        """True on the worker that writes files and logs."""
        return self.rank == 0

    def wait(self):
        """Block until every worker is here."""
        if self.world > 1:
            self.barrier.wait(BARRIER_SECONDS)

    @torch.no_grad()
    def average(self, params):
        """Replace every `.grad` by its mean over the workers (parameters without a gradient count as zero)."""
        if self.world == 1:
            return
        mine, offset = self.buffer[self.rank], 0
        for p in params:
            view = mine[offset : offset + p.numel()].view(p.shape)
            view.copy_(p.grad) if p.grad is not None else view.zero_()
            offset += p.numel()
        self.wait()
        mean, offset = self.buffer[:, :offset].mean(0), 0
        self.wait()
        for p in params:
            grad = mean[offset : offset + p.numel()].view(p.shape)
            p.grad = grad.clone() if p.grad is None else p.grad.copy_(grad)
            offset += p.numel()

    def share(self, value):
        """The first worker's float for all workers (clocks differ between processes; stop conditions must not)."""
        if self.world == 1:
            return value
        if self.first:
            self.buffer[0, -1] = value
        self.wait()
        value = float(self.buffer[0, -1])
        self.wait()
        return value


def _worker(rank, world, buffer, barrier, function, args):
    torch.set_num_threads(1)
    function(Ranks(rank, world, buffer, barrier), *args)


def launch(function, args, workers, parameters):
    """Run function(ranks, *args) in `workers` processes; `parameters` bounds the number of averaged scalars."""
    if workers <= 1:
        function(Ranks(), *args)
        return
    context = mp.get_context("spawn")
    buffer = torch.zeros(workers, parameters + 1).share_memory_()
    barrier = context.Barrier(workers)
    mp.start_processes(_worker, (workers, buffer, barrier, function, args), nprocs=workers, start_method="spawn")
