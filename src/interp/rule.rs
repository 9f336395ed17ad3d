//! First and second partial derivatives of builtins as short programs, made from their rows.
//!
//! A row writes its partials into a [`Builder`]; here that builder records steps, and a forward sweep
//! over the steps gives the second partials. `diff` has no part in this.

use crate::func::{self, Builder, Builtin, Ex, FuncId};
use std::collections::HashMap;

/// A step; operands are slots: arguments first, then the value of the call, then the steps in order.
#[derive(Clone)]
enum Step {
    Num(f64),
    Call { func: FuncId, row: &'static Builtin, args: Vec<u32> },
    Cond { cond: u32, then: u32, otherwise: u32 },
}

/// A straight-line program with the slots of its outputs.
#[derive(Clone, Default)]
struct Program {
    steps: Vec<Step>,
    first: Vec<u32>,
    second: Vec<(u16, u16, u32)>,
}

/// The derivatives of one builtin with one number of arguments.
#[derive(Clone)]
pub struct Rule {
    n_args: usize,
    first: Program,
    both: Program,
    /// Whether each first partial may be other than 0.
    pub slopes: Vec<bool>,
    /// Pairs `(i, j)`, `j <= i`, whose second partial may be other than 0.
    pub bends: Vec<(u16, u16)>,
}

/// Up to so many arguments rules are found by position.
const FEW: usize = 3;

/// Rules made so far, and scratch memory.
#[derive(Default)]
pub struct Rules {
    rules: Vec<Rule>,
    // By builtin, for few arguments; 0: not made yet, else one more than the rule.
    few: Vec<[u32; FEW + 1]>,
    // Looked up by key only; order never leaks.
    many: HashMap<(FuncId, usize), u32>,
    values: Vec<f64>,
    out: Vec<f64>,
    bends: Vec<(u16, u16, f64)>,
    args: Vec<f64>,
}

impl Rules {
    /// The rule of a builtin with so many arguments.
    pub fn rule(&mut self, func: FuncId, n_args: usize) -> u32 {
        let at = usize::from(func.0);
        if n_args > FEW {
            if let Some(&id) = self.many.get(&(func, n_args)) {
                return id;
            }
        } else if let Some(&id) = self.few.get(at).map(|ids| &ids[n_args])
            && id > 0
        {
            return id - 1;
        }
        let id = u32::try_from(self.rules.len()).expect("fewer rules than nodes");
        self.rules.push(Rule::new(func::row(func), n_args));
        if n_args > FEW {
            self.many.insert((func, n_args), id);
        } else {
            self.few.resize(self.few.len().max(at + 1), [0; FEW + 1]);
            self.few[at][n_args] = id + 1;
        }
        id
    }

    /// The rule behind an id.
    pub fn get(&self, rule: u32) -> &Rule {
        &self.rules[rule as usize]
    }

    /// First partials at `args`, where the value is `y`.
    pub fn first(&mut self, rule: u32, args: &[f64], y: f64) -> &[f64] {
        let rule = &self.rules[rule as usize];
        rule.first.run(rule.n_args, args, y, &mut self.values, &mut self.args);
        self.out.clear();
        self.out.extend(rule.first.first.iter().map(|s| self.values[*s as usize]));
        &self.out
    }

    /// First partials, and second partials `(i, j, value)` with `j <= i`.
    pub fn second(&mut self, rule: u32, args: &[f64], y: f64) -> (&[f64], &[(u16, u16, f64)]) {
        let rule = &self.rules[rule as usize];
        rule.both.run(rule.n_args, args, y, &mut self.values, &mut self.args);
        self.out.clear();
        self.out.extend(rule.both.first.iter().map(|s| self.values[*s as usize]));
        self.bends.clear();
        self.bends.extend(rule.both.second.iter().map(|(i, j, s)| (*i, *j, self.values[*s as usize])));
        (&self.out, &self.bends)
    }
}

impl Program {
    fn run(&self, n_args: usize, args: &[f64], y: f64, values: &mut Vec<f64>, buffer: &mut Vec<f64>) {
        values.clear();
        values.extend_from_slice(&args[..n_args]);
        values.push(y);
        for step in &self.steps {
            let value = match step {
                Step::Num(v) => *v,
                Step::Call { row, args, .. } => match args[..] {
                    [a] => row.eval(&[values[a as usize]]),
                    [a, b] => row.eval(&[values[a as usize], values[b as usize]]),
                    _ => {
                        buffer.clear();
                        buffer.extend(args.iter().map(|a| values[*a as usize]));
                        row.eval(buffer)
                    }
                },
                Step::Cond { cond, then, otherwise } => {
                    let taken = if values[*cond as usize] != 0.0 { then } else { otherwise };
                    values[*taken as usize]
                }
            };
            values.push(value);
        }
    }
}

impl Rule {
    fn new(row: &'static Builtin, n_args: usize) -> Self {
        let mut record = Recorder { base: n_args as u32 + 1, steps: Vec::new() };
        let args: Vec<Ex> = (0..n_args as u32).map(Ex).collect();
        let y = Ex(n_args as u32);
        let first = (row.partials)(&mut record, &args, y);
        let mut second = Vec::new();
        for j in 0..n_args {
            // Only what the first partials need is differentiated.
            let slopes = record.forward(&first, j, n_args);
            for (i, slope) in slopes.into_iter().enumerate().skip(j) {
                if record.as_num(slope) != Some(0.0) {
                    second.push((i as u16, j as u16, slope.0));
                }
            }
        }
        let slopes = first.iter().map(|f| record.as_num(*f) != Some(0.0)).collect();
        let bends = second.iter().map(|(i, j, _)| (*i, *j)).collect();
        let first: Vec<u32> = first.iter().map(|f| f.0).collect();
        Self { n_args, first: record.program(&first, &[]), both: record.program(&first, &second), slopes, bends }
    }
}

/// Records the steps of a row's partials, with the simplest of foldings.
struct Recorder {
    base: u32,
    steps: Vec<Step>,
}

impl Recorder {
    fn as_num(&self, ex: Ex) -> Option<f64> {
        match self.steps.get(ex.0.checked_sub(self.base)? as usize)? {
            Step::Num(v) => Some(*v),
            _ => None,
        }
    }

    fn push(&mut self, step: Step) -> Ex {
        self.steps.push(step);
        Ex(self.base + self.steps.len() as u32 - 1)
    }

    /// Derivatives of `outputs` with respect to argument `by`.
    fn forward(&mut self, outputs: &[Ex], by: usize, n_args: usize) -> Vec<Ex> {
        let zero = self.num(0.0);
        let one = self.num(1.0);
        let n_steps = outputs.iter().map(|o| (o.0 + 1).saturating_sub(self.base) as usize).max().unwrap_or(0);
        let mut slope: Vec<Ex> = vec![zero; n_args + 1 + n_steps];
        slope[by] = one;
        slope[n_args] = outputs[by];
        for at in 0..n_steps {
            let here = Ex(self.base + at as u32);
            slope[n_args + 1 + at] = match self.steps[at].clone() {
                Step::Num(_) => zero,
                Step::Cond { cond, then, otherwise } => {
                    let (then, otherwise) = (slope[then as usize], slope[otherwise as usize]);
                    self.cond(Ex(cond), then, otherwise)
                }
                Step::Call { func, args, .. } => {
                    if args.iter().all(|a| self.as_num(slope[*a as usize]) == Some(0.0)) {
                        zero
                    } else {
                        let list: Vec<Ex> = args.iter().map(|a| Ex(*a)).collect();
                        let partials = (func::row(func).partials)(self, &list, here);
                        let mut sum = zero;
                        for (partial, arg) in partials.into_iter().zip(&args) {
                            let term = self.call("mul", &[partial, slope[*arg as usize]]);
                            sum = self.call("add", &[sum, term]);
                        }
                        sum
                    }
                }
            };
        }
        outputs.iter().map(|o| slope[o.0 as usize]).collect()
    }

    /// The steps that the outputs need, renumbered.
    fn program(&self, first: &[u32], second: &[(u16, u16, u32)]) -> Program {
        let mut needed = vec![false; self.steps.len()];
        let outputs = first.iter().copied().chain(second.iter().map(|s| s.2));
        for out in outputs {
            if let Some(at) = out.checked_sub(self.base) {
                needed[at as usize] = true;
            }
        }
        for at in (0..self.steps.len()).rev() {
            if needed[at] {
                for operand in operands(&self.steps[at]) {
                    if let Some(below) = operand.checked_sub(self.base) {
                        needed[below as usize] = true;
                    }
                }
            }
        }
        let mut to = vec![0; self.steps.len()];
        let mut steps = Vec::new();
        let slot = |to: &[u32], s: u32| s.checked_sub(self.base).map_or(s, |at| to[at as usize]);
        for (at, step) in self.steps.iter().enumerate().filter(|(at, _)| needed[*at]) {
            steps.push(match step {
                Step::Num(v) => Step::Num(*v),
                Step::Call { func, row, args } => {
                    Step::Call { func: *func, row, args: args.iter().map(|a| slot(&to, *a)).collect() }
                }
                Step::Cond { cond, then, otherwise } => {
                    Step::Cond { cond: slot(&to, *cond), then: slot(&to, *then), otherwise: slot(&to, *otherwise) }
                }
            });
            to[at] = self.base + steps.len() as u32 - 1;
        }
        Program {
            steps,
            first: first.iter().map(|s| slot(&to, *s)).collect(),
            second: second.iter().map(|(i, j, s)| (*i, *j, slot(&to, *s))).collect(),
        }
    }
}

fn operands(step: &Step) -> Vec<u32> {
    match step {
        Step::Num(_) => Vec::new(),
        Step::Call { args, .. } => args.clone(),
        Step::Cond { cond, then, otherwise } => vec![*cond, *then, *otherwise],
    }
}

impl Builder for Recorder {
    fn num(&mut self, value: f64) -> Ex {
        self.push(Step::Num(value))
    }

    fn call(&mut self, name: &'static str, args: &[Ex]) -> Ex {
        let is = |ex: &Ex, v: f64| self.as_num(*ex) == Some(v);
        match (name, args) {
            ("mul", [a, b]) if is(a, 0.0) || is(b, 1.0) => return *a,
            ("mul", [a, b]) if is(b, 0.0) || is(a, 1.0) => return *b,
            ("add", [a, b]) if is(a, 0.0) => return *b,
            ("add" | "sub", [a, b]) if is(b, 0.0) => return *a,
            ("div", [a, _]) if is(a, 0.0) => return *a,
            _ => {}
        }
        let func = super::algebra::known(name);
        let numbers: Option<Vec<f64>> = args.iter().map(|a| self.as_num(*a)).collect();
        if let Some(numbers) = numbers {
            let value = func::row(func).eval(&numbers);
            return self.num(value);
        }
        self.push(Step::Call { func, row: func::row(func), args: args.iter().map(|a| a.0).collect() })
    }

    fn cond(&mut self, c: Ex, then: Ex, otherwise: Ex) -> Ex {
        let same = match (self.as_num(then), self.as_num(otherwise)) {
            (Some(a), Some(b)) => a == b,
            _ => then == otherwise,
        };
        if same {
            return then;
        }
        match self.as_num(c) {
            Some(v) if v != 0.0 => then,
            Some(_) => otherwise,
            None => self.push(Step::Cond { cond: c.0, then: then.0, otherwise: otherwise.0 }),
        }
    }
}
