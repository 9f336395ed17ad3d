"""Time per iteration of scipy's and NLopt's L-BFGS and conjugate gradients on the functions of src/main.rs, in numpy.

    python3 peers.py        # needs numpy, scipy, nlopt; prints the rows that `cargo run` prints for optc and argmin

NLopt has no nonlinear conjugate gradients; its counts are evaluations, two or so to an iteration, so its iterations are bounded by
evaluations. The time the functions take is shown beside the whole.
"""

import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import nlopt
import numpy as np
import scipy
from scipy.optimize import minimize

ITERATIONS, ROUNDS = 100, 5


def chain(x):
    r = x[1:] - x[:-1] * x[:-1]
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * r - 2 * (1 - x[:-1])
    g[1:] += 200 * r
    s = 1 - x[:-1]
    return 100 * (r @ r) + s @ s, g


def scales(x):
    weights = 1 + 1e5 * np.arange(len(x)) / len(x)
    r = x[1:] - x[:-1]
    q = r * r
    g = weights * x
    g[:-1] -= q * r
    g[1:] += q * r
    return 0.5 * (weights @ (x * x)) + 0.25 * (q @ q), g


def least(run):
    return min((run() for _ in range(ROUNDS)), key=lambda ran: ran[0])


def by_scipy(method, f, x0, bounds=None):
    options = {"maxiter": ITERATIONS, "gtol": 0}
    if method == "L-BFGS-B":
        options |= {"ftol": 0, "maxcor": 10, "maxfun": 10**6}
    box = None if bounds is None else [bounds] * len(x0)
    began = time.process_time()
    run = minimize(f, x0, jac=True, method=method, options=options, bounds=box)
    return time.process_time() - began, run.nit, run.nfev


def by_nlopt(f, x0, evaluations, bounds=None):
    count = 0

    def function(x, grad):
        nonlocal count
        count += 1
        value, g = f(x)
        if grad.size:
            grad[:] = g
        return value

    solver = nlopt.opt(nlopt.LD_LBFGS, len(x0))
    solver.set_vector_storage(10)
    solver.set_min_objective(function)
    if bounds is not None:
        solver.set_lower_bounds(bounds[0])
        solver.set_upper_bounds(bounds[1])
        x0 = np.clip(x0, *bounds)
    solver.set_maxeval(evaluations)
    began = time.process_time()
    try:
        solver.optimize(x0)
    except Exception:
        pass
    return time.process_time() - began, count, count


problems = [
    ("chain", chain, None),
    ("chain in a wide box", chain, (-10, 10)),
    ("chain in a narrow box", chain, (-1.5, 0.5)),
    ("scales", scales, None),
]
for name, f, bounds in problems:
    for n in (1000, 100_000):
        x0 = np.where(np.arange(n) % 2 == 0, -1.2, 1.0)
        began = time.process_time()
        for _ in range(20):
            f(x0)
        one = (time.process_time() - began) / 20
        runs = [
            ("lbfgs", f"scipy {scipy.__version__}", lambda: by_scipy("L-BFGS-B", f, x0, bounds)),
            ("lbfgs", f"NLopt {nlopt.__version__} (per evaluation)", lambda: by_nlopt(f, x0, ITERATIONS, bounds)),
        ]
        if bounds is None:
            runs.append(("conjugate_gradient", f"scipy {scipy.__version__}", lambda: by_scipy("CG", f, x0)))
        for method, solver, run in runs:
            seconds, iterations, evaluations = least(run)
            per = lambda s: 1e6 * s / max(iterations, 1)
            print(f"{method},{solver},{name},{n},{iterations},{evaluations},{per(seconds):.1f},{per(one * evaluations):.1f}")
