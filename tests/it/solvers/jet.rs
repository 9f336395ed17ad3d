//! Second-order Taylor numbers: exact derivatives of test problems by plain Rust functions.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

use optc::num::vmath;
use optc::problem::{ClosureOracle, Oracle, Pattern};

/// A value with gradient and Hessian (lower triangle by rows).
#[derive(Clone, Debug)]
pub struct Jet {
    v: f64,
    g: Vec<f64>,
    h: Vec<f64>,
}

impl Jet {
    fn vars(x: &[f64]) -> Vec<Self> {
        let n = x.len();
        let unit = |i: usize| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
        x.iter().enumerate().map(|(i, &v)| Self { v, g: unit(i), h: vec![0.0; n * (n + 1) / 2] }).collect()
    }

    /// `f(self)` from value, first and second derivative.
    fn chain(&self, v: f64, d: f64, dd: f64) -> Self {
        let g = self.g.iter().map(|g| d * g).collect();
        let mut h: Vec<f64> = self.h.iter().map(|h| d * h).collect();
        for i in 0..self.g.len() {
            for j in 0..=i {
                h[i * (i + 1) / 2 + j] += dd * self.g[i] * self.g[j];
            }
        }
        Self { v, g, h }
    }

    pub fn exp(&self) -> Self {
        let e = vmath::exp(self.v);
        self.chain(e, e, e)
    }

    pub fn ln(&self) -> Self {
        // Outside its domain the logarithm has no value, and neither have its derivatives.
        let v = if self.v > 0.0 { vmath::log(self.v) } else { f64::NAN };
        self.chain(v, 1.0 / self.v, -1.0 / (self.v * self.v))
    }

    pub fn sqrt(&self) -> Self {
        let r = self.v.sqrt();
        self.chain(r, 0.5 / r, -0.25 / (r * self.v))
    }

    pub fn powi(&self, p: i32) -> Self {
        let d = f64::from(p) * self.v.powi(p - 1);
        let dd = f64::from(p * (p - 1)) * self.v.powi(p - 2);
        self.chain(self.v.powi(p), d, if p < 2 { 0.0 } else { dd })
    }

    pub fn sq(&self) -> Self {
        self.powi(2)
    }
}

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}

impl Add for &Jet {
    type Output = Jet;
    fn add(self, o: &Jet) -> Jet {
        Jet { v: self.v + o.v, g: zip(&self.g, &o.g, |a, b| a + b), h: zip(&self.h, &o.h, |a, b| a + b) }
    }
}

impl Mul for &Jet {
    type Output = Jet;
    fn mul(self, o: &Jet) -> Jet {
        let mut h = zip(&self.h, &o.h, |a, b| o.v * a + self.v * b);
        for i in 0..self.g.len() {
            for j in 0..=i {
                h[i * (i + 1) / 2 + j] += self.g[i] * o.g[j] + self.g[j] * o.g[i];
            }
        }
        Jet { v: self.v * o.v, g: zip(&self.g, &o.g, |a, b| o.v * a + self.v * b), h }
    }
}

impl Neg for &Jet {
    type Output = Jet;
    fn neg(self) -> Jet {
        self.chain(-self.v, -1.0, 0.0)
    }
}

impl Sub for &Jet {
    type Output = Jet;
    fn sub(self, o: &Jet) -> Jet {
        self + &-o
    }
}

impl Div for &Jet {
    type Output = Jet;
    fn div(self, o: &Jet) -> Jet {
        self * &o.chain(1.0 / o.v, -1.0 / (o.v * o.v), 2.0 / (o.v * o.v * o.v))
    }
}

macro_rules! forward {
    ($($op:ident $f:ident),*) => {$(
        impl $op<Jet> for Jet { type Output = Jet; fn $f(self, o: Jet) -> Jet { (&self).$f(&o) } }
        impl $op<&Jet> for Jet { type Output = Jet; fn $f(self, o: &Jet) -> Jet { (&self).$f(o) } }
        impl $op<Jet> for &Jet { type Output = Jet; fn $f(self, o: Jet) -> Jet { self.$f(&o) } }
        impl $op<f64> for &Jet { type Output = Jet; fn $f(self, o: f64) -> Jet { self.$f(&constant(self, o)) } }
        impl $op<f64> for Jet { type Output = Jet; fn $f(self, o: f64) -> Jet { (&self).$f(&constant(&self, o)) } }
        impl $op<&Jet> for f64 { type Output = Jet; fn $f(self, o: &Jet) -> Jet { (&constant(o, self)).$f(o) } }
        impl $op<Jet> for f64 { type Output = Jet; fn $f(self, o: Jet) -> Jet { (&constant(&o, self)).$f(&o) } }
    )*};
}
forward!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Jet {
    type Output = Jet;
    fn neg(self) -> Jet {
        -&self
    }
}

fn constant(like: &Jet, v: f64) -> Jet {
    Jet { v, g: vec![0.0; like.g.len()], h: vec![0.0; like.h.len()] }
}

/// A problem under construction; rows come with `lo <= c(x) <= hi`.
pub struct Problem {
    pub objective: fn(&[Jet]) -> Jet,
    pub rows: fn(&[Jet]) -> Vec<Jet>,
    pub row_bounds: &'static [(f64, f64)],
    pub bounds: &'static [(f64, f64)],
    pub start: &'static [f64],
}

impl Problem {
    pub fn oracle(&self) -> Arc<dyn Oracle> {
        Arc::new(self.closures())
    }

    pub fn closures(&self) -> ClosureOracle {
        let (n, m) = (self.start.len(), self.row_bounds.len());
        let (objective, rows) = (self.objective, self.rows);
        let ends = |pairs: &[(f64, f64)]| -> (Vec<f64>, Vec<f64>) { pairs.iter().copied().unzip() };
        let free = vec![(f64::NEG_INFINITY, f64::INFINITY); n];
        let (lower, upper) = ends(if self.bounds.is_empty() { &free } else { self.bounds });
        let (row_lower, row_upper) = ends(self.row_bounds);
        let lower_triangle = (0..n).flat_map(|j| (j..n).map(move |i| (i, j)));
        let (triangle, _) = Pattern::from_entries(n, n, lower_triangle).unwrap();
        let entries: Vec<(usize, usize)> = triangle.entries().map(|(_, i, j)| (i, j)).collect();
        ClosureOracle::new(n, move |x| objective(&Jet::vars(x)).v)
            .start(self.start)
            .bounds(&lower, &upper)
            .gradient(move |x, g| g.copy_from_slice(&objective(&Jet::vars(x)).g))
            .constraints(&row_lower, &row_upper, move |x, c| {
                for (c, row) in c.iter_mut().zip(rows(&Jet::vars(x))) {
                    *c = row.v;
                }
            })
            .jacobian(Pattern::full(m, n).unwrap(), move |x, vals| {
                for (i, row) in rows(&Jet::vars(x)).iter().enumerate() {
                    for j in 0..n {
                        vals[j * m + i] = row.g[j];
                    }
                }
            })
            .hessian(triangle, move |x, sigma, y, vals| {
                let vars = Jet::vars(x);
                // A function with weight 0 takes no part, whatever its value.
                let mut sum = constant(&vars[0], 0.0);
                if sigma != 0.0 {
                    sum = sum + objective(&vars) * sigma;
                }
                for (row, &y) in rows(&vars).iter().zip(y) {
                    if y != 0.0 {
                        sum = sum + row * y;
                    }
                }
                for (val, &(i, j)) in vals.iter_mut().zip(&entries) {
                    *val = sum.h[i * (i + 1) / 2 + j];
                }
            })
    }
}

/// No rows.
pub fn no_rows(_: &[Jet]) -> Vec<Jet> {
    Vec::new()
}
