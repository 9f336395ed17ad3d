"""A curve with ten parameters fitted by whole processes of optc and of scipy: least times of many runs, and both answers.

`python3 benches/fit.py OPTC [RUNS]` with the program to measure; needs scipy. Both read the same file and print parameters
with standard errors; neither is given derivatives.
"""

import os
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SCIPY = """
import numpy as np
from scipy.optimize import curve_fit
x, y = np.loadtxt("peaks.csv", delimiter=",", skiprows=1, unpack=True)
def curve(x, level, h1, h2, h3, c1, c2, c3, w1, w2, w3):
    return (level + h1 * np.exp(-((x - c1) / w1) ** 2) + h2 * np.exp(-((x - c2) / w2) ** 2)
            + h3 * np.exp(-((x - c3) / w3) ** 2))
p, cov = curve_fit(curve, x, y, p0=[0.5, 2, 4, 3, 12, 23, 42, 3, 3, 3])
print(*p, *np.sqrt(np.diag(cov)))
"""


def used():
    """Seconds of processor time of all programs that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def least(command, runs):
    """Least seconds of wall-clock and of processor time."""
    walls, cpus = [], []
    for _ in range(runs):
        before, began = used(), time.perf_counter()
        subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - began)
        cpus.append(used() - before)
    return min(walls), min(cpus)


def main():
    optc = os.path.abspath(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    ours = least([optc, "solve", "peaks.opt"], runs)
    theirs = least([sys.executable, "-c", SCIPY], max(runs // 3, 5))
    for what, k in [("wall-clock", 0), ("processor", 1)]:
        print(f"{what}: optc {ours[k] * 1e3:.1f} ms, scipy {theirs[k] * 1e3:.1f} ms, {theirs[k] / ours[k]:.0f} times")
    print(subprocess.run([sys.executable, "-c", SCIPY], cwd=HERE, check=True, capture_output=True, text=True).stdout)
    print(subprocess.run([optc, "solve", "peaks.opt"], cwd=HERE, check=True, capture_output=True, text=True).stdout)


main()
