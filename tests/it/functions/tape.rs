//! Expressions as the rules of rows write them, evaluated and differentiated by nothing but the table.

use optc::func::{self, Builder, Builtin, Ex};

enum Node {
    Num(f64),
    Arg(usize),
    Call(&'static Builtin, Vec<Ex>),
    Cond(Ex, Ex, Ex),
}

/// Nodes in the order they were made: arguments first.
#[derive(Default)]
pub struct Tape {
    nodes: Vec<Node>,
}

impl Tape {
    fn push(&mut self, node: Node) -> Ex {
        self.nodes.push(node);
        Ex(self.nodes.len() as u32 - 1)
    }

    /// The arguments `0..n`.
    fn args(&mut self, n: usize) -> Vec<Ex> {
        (0..n).map(|k| self.push(Node::Arg(k))).collect()
    }

    /// Values of the first `n` nodes at `x`; a branch that is not taken may hold anything.
    fn values(&self, x: &[f64], n: usize) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::with_capacity(n);
        for node in &self.nodes[..n] {
            let at = |ex: &Ex| values[ex.0 as usize];
            values.push(match node {
                Node::Num(value) => *value,
                Node::Arg(k) => x[*k],
                Node::Call(row, args) => row.eval(&args.iter().map(at).collect::<Vec<_>>()),
                Node::Cond(c, then, otherwise) => at(if at(c) != 0.0 { then } else { otherwise }),
            });
        }
        values
    }

    /// The derivative of `ex` with respect to argument `k`, by the chain rule from the front.
    fn derivative(&mut self, ex: Ex, k: usize) -> Ex {
        let zero = self.num(0.0);
        let one = self.num(1.0);
        let mut slopes = vec![zero; ex.0 as usize + 1];
        for at in 0..slopes.len() {
            slopes[at] = match &self.nodes[at] {
                Node::Num(_) => zero,
                Node::Arg(arg) => {
                    if *arg == k {
                        one
                    } else {
                        zero
                    }
                }
                Node::Cond(c, then, otherwise) => {
                    let (c, then, otherwise) = (*c, slopes[then.0 as usize], slopes[otherwise.0 as usize]);
                    if then == zero && otherwise == zero { zero } else { self.cond(c, then, otherwise) }
                }
                Node::Call(row, args) => {
                    let (row, args) = (*row, args.clone());
                    if args.iter().all(|arg| slopes[arg.0 as usize] == zero) {
                        continue;
                    }
                    let partials = (row.partials)(self, &args, Ex(at as u32));
                    let mut sum = zero;
                    for (partial, arg) in partials.into_iter().zip(&args) {
                        let slope = slopes[arg.0 as usize];
                        if slope != zero {
                            let term = self.call("mul", &[partial, slope]);
                            sum = self.call("add", &[sum, term]);
                        }
                    }
                    sum
                }
            };
        }
        slopes[ex.0 as usize]
    }
}

impl Builder for Tape {
    fn num(&mut self, value: f64) -> Ex {
        self.push(Node::Num(value))
    }

    fn call(&mut self, name: &'static str, args: &[Ex]) -> Ex {
        let id = func::lookup(name).unwrap_or_else(|| panic!("a rule calls `{name}`, which is no row"));
        assert!(func::row(id).arity.accepts(args.len()), "a rule calls `{name}` with {} arguments", args.len());
        self.push(Node::Call(func::row(id), args.to_vec()))
    }

    fn cond(&mut self, c: Ex, then: Ex, otherwise: Ex) -> Ex {
        self.push(Node::Cond(c, then, otherwise))
    }
}

/// A row applied to `n` arguments, with its first and second partial derivatives.
pub struct Applied {
    tape: Tape,
    first: Vec<Ex>,
    /// So many nodes are enough for the first partials.
    n_first: usize,
    second: Vec<Vec<Ex>>,
}

impl Applied {
    /// Writes the rules of a row, which need not be in the table.
    pub fn new(row: &Builtin, n: usize) -> Self {
        let mut tape = Tape::default();
        let args = tape.args(n);
        let y = tape.call(row.name, &args);
        let first = (row.partials)(&mut tape, &args, y);
        assert_eq!(first.len(), n, "`{}` has one partial per argument", row.name);
        let n_first = tape.nodes.len();
        let second = first.iter().map(|&p| (0..n).map(|k| tape.derivative(p, k)).collect()).collect();
        Self { tape, first, n_first, second }
    }

    /// The partial derivatives at `x`.
    pub fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let values = self.tape.values(x, self.n_first);
        self.first.iter().map(|ex| values[ex.0 as usize]).collect()
    }

    /// The second partial derivatives at `x`.
    pub fn hessian(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let values = self.tape.values(x, self.tape.nodes.len());
        self.second.iter().map(|row| row.iter().map(|ex| values[ex.0 as usize]).collect()).collect()
    }
}
