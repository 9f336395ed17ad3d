"""Writes what `cargo bench --bench derivatives` measures optc against, into target/peers/MODEL:
the tables of a power grid, and hand-written C (one gcc loop per template) as a library with its arrays.
usage: peers.py PEERS MODEL...   PEERS: the folder with limit_c.py and models.py
Needs numpy, gcc, and for grids pypower or matpower with matpowercaseframes."""
import csv, os, shutil, subprocess, sys

sys.path.insert(0, sys.argv[1])
import numpy as np
import limit_c, models

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'target', 'peers')


def write(path, head, columns):
    with open(path, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(head)
        w.writerows(zip(*columns))


def grid(case, folder):
    base, bus, gen, gcost, br = models._mpc(case)
    on = gen[:, 7] > 0
    gcost, gen, br = gcost[:len(gen)][on], gen[on], br[br[:, 10] > 0]
    ys = 1 / (br[:, 2] + 1j * br[:, 3]); g, b = ys.real, ys.imag
    tap = np.where(br[:, 8] == 0, 1.0, br[:, 8]); sh = np.deg2rad(br[:, 9])
    tr, ti, ttm, bc = tap * np.cos(sh), tap * np.sin(sh), tap**2, br[:, 4] / 2
    rate = np.where(br[:, 5] == 0, 1e10, (br[:, 5] / base)**2)
    amin = np.deg2rad(np.where(br[:, 11] == 0, -360, br[:, 11]))
    amax = np.deg2rad(np.where(br[:, 12] == 0, 360, br[:, 12]))
    k = np.zeros((3, len(gen)))
    for i, row in enumerate(gcost):
        if row[0] == 2:
            c = row[4:4 + int(row[3])][::-1]
            for p in range(min(3, len(c))): k[p, i] = c[p] * base**p
    ids = lambda a: [int(v) for v in a]
    reals = lambda *a: [[repr(float(v)) for v in col] for col in a]
    write(os.path.join(folder, 'bus.csv'), 'id ref pd qd gs bs vmin vmax'.split(),
          [ids(bus[:, 0]), ids(bus[:, 1] == 3)] + reals(*(bus[:, c] / base for c in (2, 3, 4, 5)), bus[:, 12], bus[:, 11]))
    write(os.path.join(folder, 'branch.csv'), 'id from to c1 c2 c3 c4 c5 c6 c7 c8 rate amin amax'.split(),
          [range(1, len(br) + 1), ids(br[:, 0]), ids(br[:, 1])] + reals(
              (-g * tr - b * ti) / ttm, (-b * tr + g * ti) / ttm, (-g * tr + b * ti) / ttm, (-b * tr - g * ti) / ttm,
              g / ttm, (b + bc) / ttm, g, b + bc, rate, amin, amax))
    write(os.path.join(folder, 'gen.csv'), 'id bus pmin pmax qmin qmax c2 c1 c0'.split(),
          [range(1, len(gen) + 1), ids(gen[:, 0])] + reals(gen[:, 9] / base, gen[:, 8] / base, gen[:, 4] / base, gen[:, 3] / base,
                                                           k[2], k[1], k[0]))


def library(M, folder):
    """The C text, compiled, and its arrays: `arrays` holds per array its bytes as a u64 count and the data, 64-aligned."""
    ks, nj, nh, jr, jc, hr, hc = limit_c.build(M)
    text, arrs = limit_c.gen_c(M, ks)
    with open(os.path.join(folder, 'm.c'), 'w') as f: f.write(text)
    for name, flags in (('limit', ['-O3', '-march=native', '-fno-math-errno']), ('fast', ['-Ofast', '-march=native', '-fdisable-tree-sincos'])):
        subprocess.check_call(['gcc', '-std=gnu11', '-shared', '-fPIC', '-o', os.path.join(folder, name + '.so'),
                               os.path.join(folder, 'm.c')] + flags + ['-lm'])
    key, slot = np.unique(hc.astype(np.int64) * M.n + hr, return_inverse=True)
    with open(os.path.join(folder, 'arrays'), 'wb') as f:
        for a in list(arrs) + [slot.astype(np.int32), M.x.astype(float), M.lam.astype(float)]:
            f.write(np.int64(a.nbytes).tobytes() + np.ascontiguousarray(a).tobytes())
    merged = len(np.unique(jc.astype(np.int64) * M.m + jr))   # what C writes for one place twice counts once
    write(os.path.join(folder, 'sizes.csv'), 'n m jac hess_triplet hess arrays jac_merged'.split(),
          [[v] for v in (M.n, M.m, nj, nh, len(key), len(arrs), merged)])


for name in sys.argv[2:]:
    folder = os.path.join(ROOT, name)
    os.makedirs(folder, exist_ok=True)
    if not name.startswith(('lv', 'robot')): grid(name, folder)
    library(models.get(name), folder)
    print('wrote', os.path.normpath(folder))
