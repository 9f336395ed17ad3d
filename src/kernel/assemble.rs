//! Both derivative matrices, and the choice between condensed and lifted arrays.
//!
//! Takes a program on an instance; gives patterns and the plans that fill them. Where second
//! derivatives have no room the problem keeps its first ones.

use super::chain::{Allowance, ChainError, HessianChain, JacobianChain};
use super::link::Linker;
use super::matrix::{Plan, Stencil};
use crate::base::limits;
use crate::num::sparse::{Pattern, PatternError};

/// What becomes of defined arrays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Condensed if that stays sparse, else lifted.
    #[default]
    Auto,
    /// Functions of the variables.
    Condensed,
    /// Variables with an equation each.
    Lifted,
}

/// Condensing may make at most this many times the nonzeros of the lifted matrices …
const FILL: usize = 4;
/// … or this many: matrices so small are factored in no time.
const SMALL: usize = 50_000;
/// Products that condensing may cost per nonzero of the lifted matrices: a factorisation of the lifted
/// system would make them all the same, but not beyond this.
const PRODUCTS: usize = 64;

/// What condensing may cost when it is asked for.
const EVERYTHING: Allowance = Allowance { nonzeros: limits::MAX_NONZEROS / 8, products: usize::MAX };

/// A matrix of derivatives: its pattern, and how the values are made.
#[derive(Clone)]
pub struct Matrix<C> {
    /// Where it may be nonzero.
    pub pattern: Pattern,
    /// How values are made in z.
    pub plan: Plan,
    /// How slots of defined arrays are eliminated from them.
    pub chain: Option<C>,
}

/// Both matrices and the choice they rest on.
pub struct Matrices {
    /// Whether defined arrays are variables.
    pub lifted: bool,
    /// Whether second derivatives fit.
    pub second_order: bool,
    /// Slopes of the rows.
    pub jacobian: Matrix<JacobianChain>,
    /// Second derivatives, lower triangle.
    pub hessian: Matrix<HessianChain>,
    /// Slots of the entries -1 of the lifted Jacobian.
    pub minus_one: Vec<u32>,
}

impl Matrices {
    /// Both matrices.
    ///
    /// # Errors
    /// [`PatternError::TooLarge`] when the Jacobian has more nonzeros than [`limits::MAX_NONZEROS`], or
    /// condensing was asked for and has no room.
    pub fn build(linker: &Linker<'_>, mode: Mode) -> Result<Self, PatternError> {
        let layout = linker.layout;
        let (n_rows, n_cols, n_active) = (layout.n_rows, layout.n_cols, layout.n_active());
        let (jacobian, hessian) = match (Stencil::jacobian(linker), Stencil::hessian(linker)) {
            (Ok(jacobian), Ok(hessian)) => (jacobian, hessian),
            (jacobian, _) => return Self::first_order(linker, jacobian),
        };
        let diagonal = (0..n_active).map(|a| (n_rows + a, layout.n_x + a));
        let n_jacobian = jacobian.len();
        let (jz, jz_slots) = jacobian.pattern(n_rows + n_active, n_cols, diagonal.clone())?;
        let (hz, hz_slots) = hessian.pattern(n_cols, n_cols, std::iter::empty())?;
        if jz.nnz().max(hz.nnz()) > limits::MAX_NONZEROS {
            return Err(PatternError::TooLarge);
        }
        if n_active == 0 || mode == Mode::Lifted {
            return Ok(Self::direct(linker, jacobian, hessian, (jz, &jz_slots), (hz, &hz_slots)));
        }
        // The chain wants slopes alone.
        let (slopes, slots) = jacobian.pattern(n_rows + n_active, n_cols, std::iter::empty())?;
        let nonzeros = jz.nnz() + hz.nnz();
        let allow = match mode {
            Mode::Auto => Allowance { nonzeros: SMALL.max(FILL * nonzeros), products: PRODUCTS * SMALL.max(nonzeros) },
            _ => EVERYTHING,
        };
        let chains = JacobianChain::new(&slopes, n_rows, layout.n_x, allow)
            .and_then(|j| Ok((HessianChain::new(&hz, layout.n_x, &j, allow)?, j)));
        match (chains, mode) {
            (Ok((h, j)), _) => {
                let place =
                    |place: &[u32], slots: &[u32]| -> Vec<u32> { slots.iter().map(|s| place[*s as usize]).collect() };
                let j_slots = place(&j.place, &slots[..n_jacobian]);
                let h_slots = place(&h.place, &hz_slots);
                Ok(Self {
                    lifted: false,
                    second_order: true,
                    minus_one: Vec::new(),
                    jacobian: Matrix {
                        pattern: j.pattern.clone(),
                        plan: jacobian.plan(linker, &j_slots, j.n_values),
                        chain: Some(j),
                    },
                    hessian: Matrix {
                        pattern: h.pattern.clone(),
                        plan: hessian.plan(linker, &h_slots, h.n_values),
                        chain: Some(h),
                    },
                })
            }
            (Err(ChainError::TooDense), Mode::Auto) => {
                Ok(Self::direct(linker, jacobian, hessian, (jz, &jz_slots), (hz, &hz_slots)))
            }
            (Err(error), _) => Err(error.pattern()),
        }
    }

    /// Matrices in z: of the lifted problem, or of one without defined arrays.
    fn direct(
        linker: &Linker<'_>,
        jacobian: Stencil,
        hessian: Stencil,
        (jz, jz_slots): (Pattern, &[u32]),
        (hz, hz_slots): (Pattern, &[u32]),
    ) -> Self {
        let (entries, diagonal) = jz_slots.split_at(jacobian.len());
        let plan = jacobian.plan(linker, entries, jz.nnz());
        Self {
            lifted: linker.layout.n_active() > 0,
            second_order: true,
            minus_one: diagonal.to_vec(),
            jacobian: Matrix { plan, pattern: jz, chain: None },
            hessian: Matrix { plan: hessian.plan(linker, hz_slots, hz.nnz()), pattern: hz, chain: None },
        }
    }

    /// Slopes alone: second derivatives have no room. Without rows there is nothing to store.
    fn first_order(linker: &Linker<'_>, jacobian: Result<Stencil, PatternError>) -> Result<Self, PatternError> {
        let layout = linker.layout;
        let (n_rows, n_x) = (layout.n_rows, layout.n_x);
        let nothing = |rows: usize| Pattern::empty(rows, n_x);
        let slopes = if n_rows == 0 {
            Matrix { pattern: nothing(0), plan: Plan::default(), chain: None }
        } else {
            let jacobian = jacobian?;
            let (pattern, slots) = jacobian.pattern(n_rows + layout.n_active(), layout.n_cols, std::iter::empty())?;
            if layout.n_active() == 0 {
                Matrix { plan: jacobian.plan(linker, &slots, pattern.nnz()), pattern, chain: None }
            } else {
                let chain = JacobianChain::new(&pattern, n_rows, n_x, EVERYTHING).map_err(ChainError::pattern)?;
                let slots: Vec<u32> = slots.iter().map(|s| chain.place[*s as usize]).collect();
                let plan = jacobian.plan(linker, &slots, chain.n_values);
                Matrix { pattern: chain.pattern.clone(), plan, chain: Some(chain) }
            }
        };
        let hessian = Matrix { pattern: nothing(n_x), plan: Plan::default(), chain: None };
        Ok(Self { lifted: false, second_order: false, jacobian: slopes, hessian, minus_one: Vec::new() })
    }
}
