//! The Hessian of a template by colours of its columns.
//!
//! One sweep per row of the closed form goes through everything that row depends on; where many rows share a long
//! part, as in `hub(z) * sum of a_j(x_j)`, that part is differentiated once per row. A sweep of the *sum* of several
//! rows gives `H s` with a vector `s` of zeros and ones, and when the columns of `s` do not meet, its entries are entries of H:
//! compressed differentiation, done on symbols (Gebremedhin, Manne and Pothen, SIAM Review 47 (2005), section 4; star
//! colouring by their algorithm 4.1). [`choose`] builds both where both may be good and keeps the one of fewer operations.
//!
//! Deliberately absent: sparsity over instances, values.

use super::sweep;
use crate::ir::{Graph, NodeId};
use std::collections::{BTreeMap, HashMap};

/// Rows with their gradient entries, ascending.
type Gradient<'a> = &'a [(u32, NodeId)];
/// Entries of the lower triangle: row, column, value.
pub type Entries = Vec<(u32, u32, NodeId)>;

/// Below this many operations (each counted once per row that depends on it) the closed form is taken unseen.
const FEW: usize = 3_000;
/// Beyond this many it is not even built.
const TOO_MANY: usize = 400_000;

/// Most steps of colouring.
const MOST_STEPS: usize = 100_000_000;

/// The Hessian with the fewest operations.
pub fn choose(graph: &mut Graph, position: &BTreeMap<NodeId, u32>, grad: Gradient<'_>) -> Entries {
    let reach = Reach::new(graph, position, grad);
    if reach.by_rows <= FEW {
        return by_rows(graph, position, grad);
    }
    // A sweep per colour visits at most everything.
    let pays = |c: &Colouring| c.n_colours.saturating_mul(reach.all) < reach.by_rows;
    let Some(colouring) = Colouring::affordable(&reach.pattern).filter(pays) else {
        return by_rows(graph, position, grad);
    };
    let compressed = by_colours(graph, position, grad, &reach.pattern, &colouring);
    if reach.by_rows > TOO_MANY {
        return compressed;
    }
    let closed = by_rows(graph, position, grad);
    if operations(graph, &closed) <= operations(graph, &compressed) { closed } else { compressed }
}

/// The closed form: a sweep for each row.
pub fn by_rows(graph: &mut Graph, position: &BTreeMap<NodeId, u32>, grad: Gradient<'_>) -> Entries {
    let mut hess = Vec::new();
    for &(row, slope) in grad {
        if !graph.has_var(slope) {
            continue;
        }
        for (leaf, value) in sweep::adjoints(graph, &[slope]) {
            let column = position[&leaf];
            if column <= row && graph.as_num(value) != Some(0.0) {
                hess.push((row, column, value));
            }
        }
    }
    hess
}

/// A sweep for each colour of the local pattern, whatever it costs.
pub fn compressed(graph: &mut Graph, position: &BTreeMap<NodeId, u32>, grad: Gradient<'_>) -> Entries {
    let pattern = Reach::new(graph, position, grad).pattern;
    let colouring = Colouring::star(&pattern);
    by_colours(graph, position, grad, &pattern, &colouring)
}

/// Operations of all entries together, shared ones once.
fn operations(graph: &Graph, hess: &Entries) -> usize {
    let roots: Vec<NodeId> = hess.iter().map(|h| h.2).collect();
    graph.reachable(&roots).len()
}

/// What the rows of a Hessian depend on.
struct Reach {
    /// By column, the other columns it shares an entry with; ascending.
    pattern: Vec<Vec<u32>>,
    /// Operations that involve variables, each once per row that depends on it.
    by_rows: usize,
    /// The same, each once.
    all: usize,
}

impl Reach {
    fn new(graph: &Graph, position: &BTreeMap<NodeId, u32>, grad: Gradient<'_>) -> Self {
        let mut pattern: Vec<Vec<u32>> = vec![Vec::new(); position.len()];
        // Looked up by key only.
        let mut seen: HashMap<NodeId, u32> = HashMap::new();
        let mut by_rows = 0usize;
        let mut stack = Vec::new();
        for (mark, &(row, slope)) in (1u32..).zip(grad) {
            stack.push(slope);
            while let Some(id) = stack.pop() {
                if !graph.has_var(id) || seen.insert(id, mark) == Some(mark) {
                    continue;
                }
                if let Some(&column) = position.get(&id) {
                    if column != row {
                        pattern[row as usize].push(column);
                        pattern[column as usize].push(row);
                    }
                } else {
                    by_rows += 1;
                    graph.node(id).for_each_child(|child| stack.push(child));
                }
            }
        }
        for columns in &mut pattern {
            columns.sort_unstable();
            columns.dedup();
        }
        Self { pattern, by_rows, all: seen.len() }
    }
}

/// A colour for each column.
struct Colouring {
    of: Vec<u32>,
    n_colours: usize,
}

impl Colouring {
    /// Nothing for dense patterns: they need as many colours as columns.
    fn affordable(pattern: &[Vec<u32>]) -> Option<Self> {
        let steps: usize = pattern.iter().flatten().map(|w| pattern[*w as usize].len()).sum();
        (steps <= MOST_STEPS).then(|| Self::star(pattern))
    }

    /// Neighbours differ, and no path of four columns has only two colours; hubs first.
    fn star(pattern: &[Vec<u32>]) -> Self {
        const NONE: u32 = u32::MAX;
        let mut order: Vec<usize> = (0..pattern.len()).collect();
        order.sort_by_key(|v| std::cmp::Reverse(pattern[*v].len()));
        let mut of = vec![NONE; pattern.len()];
        let mut n_colours = 0;
        // The column a colour was last forbidden to.
        let mut forbidden: Vec<usize> = Vec::new();
        for v in order {
            let mut forbid = |colour: u32| {
                if colour != NONE {
                    forbidden[colour as usize] = v;
                }
            };
            for &w in &pattern[v] {
                forbid(of[w as usize]);
                for &x in pattern[w as usize].iter().filter(|x| **x as usize != v) {
                    let two_coloured = |y: &u32| *y != w && of[*y as usize] == of[w as usize];
                    if of[w as usize] == NONE || pattern[x as usize].iter().any(two_coloured) {
                        forbid(of[x as usize]);
                    }
                }
            }
            let free = forbidden.iter().position(|at| *at != v).unwrap_or(n_colours);
            if free == n_colours {
                n_colours += 1;
                forbidden.push(usize::MAX);
            }
            of[v] = free as u32;
        }
        Self { of, n_colours }
    }
}

fn by_colours(
    graph: &mut Graph,
    position: &BTreeMap<NodeId, u32>,
    grad: Gradient<'_>,
    pattern: &[Vec<u32>],
    colouring: &Colouring,
) -> Entries {
    // Products by (colour, row).
    let mut products: BTreeMap<(u32, u32), NodeId> = BTreeMap::new();
    for colour in 0..colouring.n_colours as u32 {
        let seeds: Vec<NodeId> =
            grad.iter().filter(|(row, _)| colouring.of[*row as usize] == colour).map(|g| g.1).collect();
        for (leaf, value) in sweep::adjoints(graph, &seeds) {
            if graph.as_num(value) != Some(0.0) {
                products.insert((colour, position[&leaf]), value);
            }
        }
    }
    // Whether `column` alone of its colour meets `row`.
    let alone = |row: u32, column: u32| {
        let colour = colouring.of[column as usize];
        let meets = |other: &u32| *other != column && colouring.of[*other as usize] == colour;
        colouring.of[row as usize] != colour && !pattern[row as usize].iter().any(meets)
    };
    let mut hess = Vec::new();
    for (row, columns) in (0u32..).zip(pattern) {
        let lower = columns.iter().copied().take_while(|column| *column < row);
        for column in lower {
            let (colour, at) = if alone(row, column) {
                (colouring.of[column as usize], row)
            } else {
                (colouring.of[row as usize], column)
            };
            hess.extend(products.get(&(colour, at)).map(|value| (row, column, *value)));
        }
        hess.extend(products.get(&(colouring.of[row as usize], row)).map(|value| (row, row, *value)));
    }
    hess
}
