"""The tables of docs/performance.md from what `benches/run derivatives` prints and, if given, files with peers' columns.
usage: table.py BENCH.csv [PEER.csv...]"""
import csv, sys

WHAT = ['f', 'grad', 'c', 'jac', 'hess', 'hvp']
# JAX has triplets for the Hessian, and a name of its own for the product.
JAX = {'hess_triplet': 'hess', 'hvp_lagrangian': 'hvp'}
rows, sizes = {}, {}
for path in sys.argv[1:]:
    for r in csv.DictReader(open(path)):
        what = JAX.get(r['what'], r['what']) if r['peer'] == 'jax' else r['what']
        rows[r['peer'], r['model'], what] = r['value']
        if r['peer'] == 'optc': sizes.setdefault(r['model'], (r['n'], r['m']))


def micros(*key):
    return None if key not in rows else float(rows[key]) * 1e6


def short(value):
    return '' if value is None else f'{value:.3g}' if value < 1000 else f'{value:.0f}'


def ratio(*key):
    return rows.get(key, '').replace(' [', ' (').replace(']', ')').replace('  ', ' ')


def times(theirs, ours):
    return '' if theirs is None else f'{theirs / ours:.1f}'


print('| model | | optc, µs | C -O3, µs | optc / C | C -Ofast, µs | optc / C -Ofast | CasADi SX / optc | JAX / optc |')
print('|---|---|---|---|---|---|---|---|---|')
for model in sizes:
    for what in WHAT:
        ours = micros('optc', model, what)
        if ours is None: continue
        cells = [f'`{model}`' if what == 'f' else '', what, short(ours)]
        for peer in 'limit', 'fast':
            cells += [short(micros('c_' + peer, model, what)), ratio('optc/c_' + peer, model, what)]
        cells += [times(micros(peer, model, what), ours) for peer in ('casadi_sx', 'jax')]
        print('| ' + ' | '.join(cells) + ' |')

STAGES = ['differentiate', 'compile', 'machine code']
print('\n| model | ' + ' | '.join(STAGES) + ' | together, ms |')
print('|---|---|---|---|---|')
for model in sizes:
    ms = [float(rows.get(('optc', model, 'stage ' + s), 0)) * 1e3 for s in STAGES]
    print(f'| `{model}` | ' + ' | '.join(f'{v:.2f}' for v in ms + [sum(ms)]) + ' |')
