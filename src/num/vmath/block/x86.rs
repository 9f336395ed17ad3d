//! Four lanes of AVX2 with fused products, and eight of AVX-512: the same bits in every lane.
//!
//! Deliberately absent: the choice between them (see [`super::sweep`]).
#![allow(unsafe_code)]

use super::lanes::{Lanes, SIGN};
use core::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// An instruction of the set that the enclosing routine was chosen for.
macro_rules! instruction {
    ($call:expr) => {
        // SAFETY: values of these types are made in `sweep` alone, inside functions compiled for the set and
        // entered after the processor was asked for it; loads and stores go to arrays of full length.
        unsafe { $call }
    };
}

/// Operators of a type of lanes and of its masks.
macro_rules! operators {
    ($lanes:ident, $mask:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $and:expr, $or:expr, $not:expr) => {
        impl Add for $lanes {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(instruction!($add(self.0, other.0)))
            }
        }
        impl Sub for $lanes {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(instruction!($sub(self.0, other.0)))
            }
        }
        impl Mul for $lanes {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(instruction!($mul(self.0, other.0)))
            }
        }
        impl Div for $lanes {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(instruction!($div(self.0, other.0)))
            }
        }
        impl Neg for $lanes {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                self.xor(Self::splat(-0.0))
            }
        }
        impl BitAnd for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                Self(instruction!($and(self.0, other.0)))
            }
        }
        impl BitOr for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                Self(instruction!($or(self.0, other.0)))
            }
        }
        impl Not for $mask {
            type Output = Self;
            #[inline(always)]
            fn not(self) -> Self {
                Self(instruction!($not(self.0)))
            }
        }
    };
}

/// Four lanes.
#[derive(Clone, Copy)]
pub struct Four(__m256d);

/// Four truths, each the sign bit of a lane; the other bits do not matter.
#[derive(Clone, Copy)]
pub struct FourTruths(__m256d);

operators!(
    Four,
    FourTruths,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_and_pd,
    _mm256_or_pd,
    |m| _mm256_xor_pd(m, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)))
);

impl Four {
    #[inline(always)]
    fn whole(self) -> __m256i {
        instruction!(_mm256_castpd_si256(self.0))
    }
    #[inline(always)]
    fn from_whole(bits: __m256i) -> Self {
        Self(instruction!(_mm256_castsi256_pd(bits)))
    }
}

impl Lanes for Four {
    type Mask = FourTruths;
    const COUNT: usize = 4;
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(instruction!(_mm256_set1_pd(x)))
    }
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        let from: &[f64; 4] = from.first_chunk().expect("four numbers");
        Self(instruction!(_mm256_loadu_pd(from.as_ptr())))
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let to: &mut [f64; 4] = to.first_chunk_mut().expect("room for four numbers");
        instruction!(_mm256_storeu_pd(to.as_mut_ptr(), self.0));
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm256_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm256_fnmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn product_rest(self, b: Self, product: Self) -> Self {
        Self(instruction!(_mm256_fmsub_pd(self.0, b.0, product.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(instruction!(_mm256_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.and_bits(!SIGN)
    }
    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        Self(instruction!(_mm256_max_pd(_mm256_set1_pd(floor), self.0)))
    }
    #[inline(always)]
    fn at_most(self, ceiling: f64) -> Self {
        Self(instruction!(_mm256_min_pd(_mm256_set1_pd(ceiling), self.0)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> FourTruths {
        FourTruths(instruction!(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn le(self, other: Self) -> FourTruths {
        FourTruths(instruction!(_mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> FourTruths {
        FourTruths(instruction!(_mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn sign_set(self) -> FourTruths {
        FourTruths(self.0)
    }
    #[inline(always)]
    fn pick(mask: FourTruths, yes: Self, no: Self) -> Self {
        Self(instruction!(_mm256_blendv_pd(no.0, yes.0, mask.0)))
    }
    #[inline(always)]
    fn lanes_of(mask: FourTruths) -> u32 {
        instruction!(_mm256_movemask_pd(mask.0)) as u32
    }
    #[inline(always)]
    fn shl<const K: i32>(self) -> Self {
        Self::from_whole(instruction!(_mm256_slli_epi64::<K>(self.whole())))
    }
    #[inline(always)]
    fn shr<const K: i32>(self) -> Self {
        Self::from_whole(instruction!(_mm256_srli_epi64::<K>(self.whole())))
    }
    #[inline(always)]
    fn add_bits(self, whole: u64) -> Self {
        Self::from_whole(instruction!(_mm256_add_epi64(self.whole(), _mm256_set1_epi64x(whole as i64))))
    }
    #[inline(always)]
    fn and_bits(self, bits: u64) -> Self {
        Self::from_whole(instruction!(_mm256_and_si256(self.whole(), _mm256_set1_epi64x(bits as i64))))
    }
    #[inline(always)]
    fn or_bits(self, bits: u64) -> Self {
        Self::from_whole(instruction!(_mm256_or_si256(self.whole(), _mm256_set1_epi64x(bits as i64))))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(instruction!(_mm256_xor_pd(self.0, other.0)))
    }
}

/// Eight lanes.
#[derive(Clone, Copy)]
pub struct Eight(__m512d);

/// Eight truths, one bit each.
#[derive(Clone, Copy)]
pub struct EightTruths(__mmask8);

operators!(
    Eight,
    EightTruths,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _kand_mask8,
    _kor_mask8,
    _knot_mask8
);

impl Eight {
    #[inline(always)]
    fn whole(self) -> __m512i {
        instruction!(_mm512_castpd_si512(self.0))
    }
    #[inline(always)]
    fn from_whole(bits: __m512i) -> Self {
        Self(instruction!(_mm512_castsi512_pd(bits)))
    }
}

impl Lanes for Eight {
    type Mask = EightTruths;
    const COUNT: usize = 8;
    const FUSED: bool = true;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(instruction!(_mm512_set1_pd(x)))
    }
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        let from: &[f64; 8] = from.first_chunk().expect("eight numbers");
        Self(instruction!(_mm512_loadu_pd(from.as_ptr())))
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let to: &mut [f64; 8] = to.first_chunk_mut().expect("room for eight numbers");
        instruction!(_mm512_storeu_pd(to.as_mut_ptr(), self.0));
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm512_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm512_fnmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn product_rest(self, b: Self, product: Self) -> Self {
        Self(instruction!(_mm512_fmsub_pd(self.0, b.0, product.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(instruction!(_mm512_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.and_bits(!SIGN)
    }
    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        Self(instruction!(_mm512_max_pd(_mm512_set1_pd(floor), self.0)))
    }
    #[inline(always)]
    fn at_most(self, ceiling: f64) -> Self {
        Self(instruction!(_mm512_min_pd(_mm512_set1_pd(ceiling), self.0)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> EightTruths {
        EightTruths(instruction!(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn le(self, other: Self) -> EightTruths {
        EightTruths(instruction!(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> EightTruths {
        EightTruths(instruction!(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0)))
    }
    #[inline(always)]
    fn sign_set(self) -> EightTruths {
        EightTruths(instruction!(_mm512_movepi64_mask(self.whole())))
    }
    #[inline(always)]
    fn pick(mask: EightTruths, yes: Self, no: Self) -> Self {
        Self(instruction!(_mm512_mask_blend_pd(mask.0, no.0, yes.0)))
    }
    #[inline(always)]
    fn lanes_of(mask: EightTruths) -> u32 {
        u32::from(mask.0)
    }
    #[inline(always)]
    fn shl<const K: i32>(self) -> Self {
        Self::from_whole(instruction!(_mm512_sllv_epi64(self.whole(), _mm512_set1_epi64(K as i64))))
    }
    #[inline(always)]
    fn shr<const K: i32>(self) -> Self {
        Self::from_whole(instruction!(_mm512_srlv_epi64(self.whole(), _mm512_set1_epi64(K as i64))))
    }
    #[inline(always)]
    fn add_bits(self, whole: u64) -> Self {
        Self::from_whole(instruction!(_mm512_add_epi64(self.whole(), _mm512_set1_epi64(whole as i64))))
    }
    #[inline(always)]
    fn and_bits(self, bits: u64) -> Self {
        Self::from_whole(instruction!(_mm512_and_si512(self.whole(), _mm512_set1_epi64(bits as i64))))
    }
    #[inline(always)]
    fn or_bits(self, bits: u64) -> Self {
        Self::from_whole(instruction!(_mm512_or_si512(self.whole(), _mm512_set1_epi64(bits as i64))))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(instruction!(_mm512_xor_pd(self.0, other.0)))
    }
}
