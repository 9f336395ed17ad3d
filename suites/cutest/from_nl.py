"""Makes this folder's models from the `.nl` files of the corpora, and runs scipy on them.

    python3 from_nl.py CORPORA models     # writes NAME.opt and list.csv
    python3 from_nl.py CORPORA peers      # writes peers.csv and known.csv; needs numpy and scipy

The rule of choice stands in README.md; `chosen` is that rule. Gradients for scipy are complex steps of the same formulas.
"""

import csv
import math
import sys
from pathlib import Path

MOST_VARIABLES = 12
MOST_BYTES = 4000
UNBOUNDED = -1e20

UNARY = {"o15": "abs", "o37": "tanh", "o38": "tan", "o39": "sqrt", "o40": "sinh", "o41": "sin", "o43": "log",
         "o44": "exp", "o45": "cosh", "o46": "cos", "o49": "atan", "o51": "asin", "o53": "acos"}
BINARY = {"o0": "+", "o1": "-", "o2": "*", "o3": "/", "o5": "^", "o75": "^", "o77": "^"}


class Unknown(Exception):
    pass


class Nl:
    """The parts of a `.nl` file without rows: objective tree, linear part, bounds, start."""

    def __init__(self, path):
        lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
        self.n = int(lines[1].split()[0])
        self.lower, self.upper = [-math.inf] * self.n, [math.inf] * self.n
        self.start, self.linear, self.lets, self.maximise = [0.0] * self.n, {}, {}, False
        self.tree, at = ("num", 0.0), 10
        while at < len(lines):
            head = lines[at]
            at += 1
            if not head:
                continue
            kind, rest = head[0], head[1:].split()
            if kind == "O":
                self.maximise = rest[1] == "1"
                self.tree, at = self.expression(lines, at)
            elif kind == "V":
                terms = []
                for k in range(int(rest[1])):
                    var, factor = lines[at + k].split()
                    terms.append(product(float(factor), ("var", int(var))))
                tree, at = self.expression(lines, at + int(rest[1]))
                if tree != ("num", 0.0) or not terms:
                    terms.append(tree)
                self.lets[int(rest[0])] = terms[0] if len(terms) == 1 else ("sum", terms)
            elif kind == "x":
                for k in range(int(rest[0])):
                    var, value = lines[at + k].split()
                    self.start[int(var)] = float(value)
                at += int(rest[0])
            elif kind == "b":
                for j in range(self.n):
                    parts = lines[at + j].split()
                    numbers = [float(p) for p in parts[1:]]
                    if parts[0] in "04":
                        self.lower[j] = numbers[0]
                        self.upper[j] = numbers[-1]
                    elif parts[0] == "1":
                        self.upper[j] = numbers[0]
                    elif parts[0] == "2":
                        self.lower[j] = numbers[0]
                at += self.n
            elif kind == "G":
                for k in range(int(rest[1])):
                    var, factor = lines[at + k].split()
                    self.linear[int(var)] = float(factor)
                at += int(rest[1])
            elif kind in "kr":
                at += int(rest[0]) if kind == "k" else 0
            else:
                raise Unknown(f"segment {head}")

    def expression(self, lines, at):
        token = lines[at]
        if token[0] == "n":
            return ("num", float(token[1:])), at + 1
        if token[0] == "v":
            k = int(token[1:])
            return (("var", k) if k < self.n else ("let", k)), at + 1
        if token in BINARY:
            left, at = self.expression(lines, at + 1)
            right, at = self.expression(lines, at)
            return (BINARY[token], left, right), at
        if token == "o16":
            inner, at = self.expression(lines, at + 1)
            return ("neg", inner), at
        if token == "o76":
            inner, at = self.expression(lines, at + 1)
            return ("^", inner, ("num", 2.0)), at
        if token in UNARY:
            inner, at = self.expression(lines, at + 1)
            return ("call", UNARY[token], inner), at
        if token == "o54":
            count, terms = int(lines[at + 1]), []
            at += 2
            for _ in range(count):
                term, at = self.expression(lines, at)
                terms.append(term)
            return ("sum", terms), at
        raise Unknown(f"operator {token}")

    def objective(self):
        terms = [product(c, ("var", j)) for j, c in sorted(self.linear.items()) if c != 0]
        if self.tree != ("num", 0.0) or not terms:
            terms.append(self.tree)
        return terms[0] if len(terms) == 1 else ("sum", terms)


def product(factor, tree):
    return tree if factor == 1 else ("*", ("num", factor), tree)


# --- as a model -----------------------------------------------------------------------------------------------------

def number(value):
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def text(tree, nl, level=0):
    """`level`: 0 sum, 1 product, 2 power and its base."""
    kind = tree[0]
    if kind == "num":
        shown = number(tree[1])
        return f"({shown})" if tree[1] < 0 and level > 0 else shown
    if kind == "var":
        return f"x[{tree[1] + 1}]"
    if kind == "let":
        return f"v{tree[1] - nl.n + 1}"
    if kind == "call" and tree[1] == "tan":
        # A tangent has jumps at its poles; a quotient has a domain.
        return text(("/", ("call", "sin", tree[2]), ("call", "cos", tree[2])), nl, level)
    if kind == "call":
        return f"{tree[1]}({text(tree[2], nl)})"
    if kind == "^" and tree[1][0] != "num" and tree[2][0] != "num":
        # Without a base known to be positive, a power with a variable exponent has no smooth meaning.
        return f"exp({text(('*', tree[2], ('call', 'log', tree[1])), nl)})"
    if kind == "neg":
        shown, own = f"-{text(tree[1], nl, 1)}", 0
    elif kind == "sum" or kind in "+-":
        shown, own = " ".join(joined(tree, nl)), 0
    elif kind == "*" and tree[1] == tree[2]:
        shown, own = f"{text(tree[1], nl, 3)}^2", 2
    elif kind in "*/":
        right = 2 if kind == "/" else 1
        shown, own = f"{text(tree[1], nl, 1)} {kind} {text(tree[2], nl, right)}", 1
    else:
        shown, own = f"{text(tree[1], nl, 3)}^{text(tree[2], nl, 3)}", 2
    return f"({shown})" if own < level else shown


def signed(tree, positive=True):
    """The terms of a sum with their signs."""
    if tree[0] == "sum":
        return [part for term in tree[1] for part in signed(term, positive)]
    if tree[0] == "+":
        return signed(tree[1], positive) + signed(tree[2], positive)
    if tree[0] == "-":
        return signed(tree[1], positive) + signed(tree[2], not positive)
    if tree[0] == "neg":
        return signed(tree[1], not positive)
    if tree[0] == "num" and tree[1] < 0:
        return [(not positive, ("num", -tree[1]))]
    if tree[0] == "*" and tree[1][0] == "num" and tree[1][1] < 0:
        return [(not positive, product(-tree[1][1], tree[2]))]
    return [(positive, tree)]


def joined(tree, nl):
    """Terms as words: the first with its sign, then `+ term` and `- term`."""
    words = []
    for k, (positive, term) in enumerate(signed(tree)):
        shown = text(term, nl, 1)
        words.append((("" if positive else "-") if k == 0 else ("+ " if positive else "- ")) + shown)
    return words


def wrapped(head, tree, nl, width=110):
    """Lines of at most `width` where the terms allow it."""
    lines, line = [], head
    for word in joined(tree, nl):
        if len(line) + len(word) + 1 > width and line != head:
            lines.append(line)
            line = "  " + word
        else:
            line = f"{line} {word}"
    return "\n".join(lines + [line])


def values(numbers):
    shown = [number(v) if math.isfinite(v) else ("inf" if v > 0 else "-inf") for v in numbers]
    return f"[{', '.join(shown)}]"


def model(name, nl, path):
    n, out = nl.n, [f"# {name.upper()} of CUTEst, {nl.n} variables.", "# Made by from_nl.py from the corpus file "
                    f"{path.parent.name}/{path.name}; the formula is that of the file.", ""]
    same = len(set(nl.start)) == 1
    if not same:
        out.append(f"param x0[1..{n}] = {values(nl.start)}")
    bounded = any(map(math.isfinite, nl.lower + nl.upper))
    uniform = len(set(nl.lower)) == 1 and len(set(nl.upper)) == 1
    if bounded and not uniform:
        out.append(f"param lower[1..{n}] = {values(nl.lower)}")
        out.append(f"param upper[1..{n}] = {values(nl.upper)}")
    interval = ""
    if bounded:
        interval = f" in [{values([nl.lower[0]])[1:-1]}, {values([nl.upper[0]])[1:-1]}]" if uniform \
            else " in [lower[i], upper[i]]"
    index = f"1..{n}" if same and (uniform or not bounded) else f"i in 1..{n}"
    start = number(nl.start[0]) if same else "x0[i]"
    out += [f"var x[{index}]{interval} start {start}", ""]
    for k, tree in sorted(nl.lets.items()):
        out.append(wrapped(f"let v{k - n + 1} =", tree, nl))
    if nl.lets:
        out.append("")
    out += [wrapped("maximize f:" if nl.maximise else "minimize f:", nl.objective(), nl), "", "solve", ""]
    return "\n".join(out)


# --- as functions ---------------------------------------------------------------------------------------------------

def evaluate(nl):
    import cmath
    calls = {"sqrt": cmath.sqrt, "sin": cmath.sin, "cos": cmath.cos, "exp": cmath.exp, "log": cmath.log, "tan": cmath.tan,
             "tanh": cmath.tanh, "sinh": cmath.sinh, "cosh": cmath.cosh, "atan": cmath.atan, "asin": cmath.asin,
             "acos": cmath.acos, "abs": lambda z: z if z.real >= 0 else -z}

    def at(tree, x, lets):
        kind = tree[0]
        if kind == "num":
            return tree[1]
        if kind == "var":
            return x[tree[1]]
        if kind == "let":
            return lets[tree[1]]
        if kind == "neg":
            return -at(tree[1], x, lets)
        if kind == "sum":
            return sum(at(t, x, lets) for t in tree[1])
        if kind == "call":
            inner = complex(at(tree[2], x, lets))
            if tree[1] in ("log", "sqrt") and inner.real < 0:
                raise ValueError("domain")
            return calls[tree[1]](inner)
        a, b = at(tree[1], x, lets), at(tree[2], x, lets)
        if kind == "^":
            b = b.real
            if b == int(b):
                return a ** int(b)
            if complex(a).real < 0:
                raise ValueError("domain")
            return a ** b
        return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[kind]()

    objective = nl.objective()

    def whole(x):
        lets = {}
        for k, tree in sorted(nl.lets.items()):
            lets[k] = at(tree, x, lets)
        return at(objective, x, lets) * (-1 if nl.maximise else 1)

    return whole


def with_gradient(nl):
    import numpy as np
    f, tiny = evaluate(nl), 1e-100

    def value(x):
        try:
            return float(complex(f([complex(v) for v in x])).real)
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.inf

    def gradient(x):
        g = np.zeros(nl.n)
        for j in range(nl.n):
            z = [complex(v) for v in x]
            z[j] += 1j * tiny
            try:
                g[j] = complex(f(z)).imag / tiny
            except (ValueError, OverflowError, ZeroDivisionError):
                g[j] = math.nan
        return g

    return value, gradient


# --- the choice, and the peers ---------------------------------------------------------------------------------------

def chosen(corpora):
    """Names, rows of `known.csv` and files that the rule takes, in the order of the alphabet."""
    found = {}
    for folder in ("cutest-sif", "cute-ampl"):
        for row in csv.DictReader(open(corpora / folder / "known.csv")):
            name, path = row["file"].split(".")[0], corpora / folder / row["file"]
            hock_schittkowski = name.startswith("hs") and name[2:3].isdigit()
            small = row["file"].endswith(".nl") and int(row["n"]) <= MOST_VARIABLES and path.stat().st_size <= MOST_BYTES
            if row["m"] == "0" and small and not hock_schittkowski:
                found.setdefault(name, (row, path))
    for name, (row, path) in sorted(found.items()):
        yield name, row, path


def peers(corpora, here):
    import warnings
    import numpy as np
    import scipy
    from scipy.optimize import Bounds, minimize
    warnings.simplefilter("ignore")
    known, table = [], []
    for name, row, path in chosen(corpora):
        nl = Nl(path)
        value, gradient = with_gradient(nl)
        bounds = Bounds(nl.lower, nl.upper)
        lower, upper = np.array(nl.lower), np.array(nl.upper)
        x0 = np.clip(nl.start, lower, upper)
        found = {}
        for method, options in [("L-BFGS-B", {"maxiter": 15000, "maxfun": 100000, "gtol": 1e-8, "ftol": 1e-15}),
                                ("trust-constr", {"maxiter": 3000, "gtol": 1e-8, "xtol": 1e-12})]:
            try:
                run = minimize(value, x0, jac=gradient, method=method, bounds=bounds, options=options)
                x = np.clip(run.x, lower, upper)
                residual = np.max(np.abs(x - np.clip(x - gradient(x), lower, upper)))
                found[method] = (value(x), residual, run.nit)
            except Exception as error:
                print(name, method, error)
                found[method] = (math.inf, math.inf, 0)
        sign = -1 if nl.maximise else 1
        reference = float(row["ref_objective"] or "nan") * sign
        if not row["ref_status"].startswith("Optimal"):
            reference = min(v for v, _, _ in found.values())
        if reference < UNBOUNDED:
            reference = -math.inf
        near = lambda a, b: abs(a - b) <= 1e-6 * max(1, abs(b))
        also = []
        for v, residual, _ in found.values():
            if v > UNBOUNDED and residual <= 1e-5 and not any(near(v, k) for k in [reference] + also):
                also.append(v)
        rows = []
        for method, (v, residual, nit) in found.items():
            solved = math.isfinite(reference) and any(near(v, k) for k in [reference] + also)
            solved = solved or UNBOUNDED < v < reference
            rows.append(solved)
            table.append([name, method, f"{v * sign:.10g}", f"{residual:.1e}", nit, "yes" if solved else "no"])
        known.append([name, nl.n, 0, f"{reference * sign:.12g}", " ".join(f"{v * sign:.12g}" for v in also),
                      f"{row['ref_solver']}" + (" (no optimum found): the lowest of scipy" if not row["ref_status"].startswith("Optimal") else "")])
        print(name, found, rows, flush=True)
    write(here / "known.csv", ["problem", "n", "m", "optimum", "also", "source"], known)
    write(here / "peers.csv", ["problem", f"method (scipy {scipy.__version__})", "f", "projected gradient", "iterations", "solved"], table)


def write(path, header, rows):
    with open(path, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    corpora, here = Path(sys.argv[1]), Path(__file__).parent
    if sys.argv[2] == "models":
        count = 0
        for name, _, path in chosen(corpora):
            (here / f"{name}.opt").write_text(model(name, Nl(path), path))
            count += 1
        print(count, "models")
    else:
        peers(corpora, here)


if __name__ == "__main__":
    main()
