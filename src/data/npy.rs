//! Arrays in numpy's `.npy` format.
//!
//! A header is never trusted: 128 bytes can ask for terabytes. Its length, its nesting and the size
//! it claims are checked against the file before it is parsed and before memory is taken.

use super::tensor::Tensor;
use crate::base::{Name, Span};
use crate::diag::codes::data::DataError;
use ndarray_npy::npy::header::{Header, Layout};
use std::io::Cursor;

/// Longest header that is parsed, in bytes; numpy writes 128.
const MAX_HEADER: usize = 4096;
/// Most brackets in a header; `{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}` has 2.
const MAX_BRACKETS: usize = 8;
/// Most axes.
const MAX_AXES: usize = 32;

/// Reads an array of f64, f32, signed or unsigned integers up to 64 bits, or bool.
///
/// # Errors
/// [`DataError::BadNpy`] says what is wrong with the file.
pub fn read_npy(path: &Name, bytes: &[u8], needed_at: Option<Span>) -> Result<Tensor, DataError> {
    decode(path, bytes).map_err(|reason| DataError::BadNpy { file: path.to_string(), reason, needed_at })
}

fn decode(path: &Name, bytes: &[u8]) -> Result<Tensor, String> {
    let start = check_header(bytes)?;
    let header = Header::from_reader(&mut Cursor::new(&bytes[..start])).map_err(|fault| fault.to_string())?;
    let Some(descriptor) = header.type_descriptor.as_string() else {
        return Err("it holds records and not numbers".into());
    };
    let element = Element::parse(descriptor).ok_or_else(|| format!("it holds `{descriptor}` and not numbers"))?;
    if header.shape.len() > MAX_AXES {
        return Err(format!("it has {} axes, more than {MAX_AXES}", header.shape.len()));
    }
    let count = header.shape.iter().try_fold(1_usize, |product, n| product.checked_mul(*n));
    let claimed = count.and_then(|count| count.checked_mul(element.size));
    let held = bytes.len() - start;
    if claimed != Some(held) {
        let claimed = claimed.map_or_else(|| "more than any file can hold".into(), |c| format!("{c} bytes of values"));
        return Err(format!("its header claims {claimed}, but it holds {held}"));
    }
    let values: Vec<f64> = bytes[start..].chunks_exact(element.size).map(|chunk| element.read(chunk)).collect();
    let values = match header.layout {
        Layout::Fortran => row_major(&header.shape, &values),
        Layout::Standard => values,
    };
    Ok(Tensor::new(path.clone(), header.shape, values, None))
}

/// Checks everything that parsing the header relies on; returns where the values start.
fn check_header(bytes: &[u8]) -> Result<usize, String> {
    let version = bytes.get(6).copied().unwrap_or(0);
    let n_length = if version == 1 { 2 } else { 4 };
    if bytes.len() < 8 + n_length || !bytes.starts_with(b"\x93NUMPY") {
        return Err("it does not begin as an npy file".into());
    }
    let length = bytes[8..8 + n_length].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    let start = 8 + n_length + length;
    if length > MAX_HEADER {
        return Err(format!("its header of {length} bytes is longer than {MAX_HEADER}"));
    }
    let Some(header) = bytes.get(8 + n_length..start) else {
        return Err("it ends inside its header".into());
    };
    if header.iter().filter(|b| matches!(b, b'(' | b'[' | b'{')).count() > MAX_BRACKETS {
        return Err("its header is nested too deeply".into());
    }
    Ok(start)
}

/// How one number is stored.
struct Element {
    size: usize,
    big_endian: bool,
    decode: fn(u64) -> f64,
}

impl Element {
    fn parse(descriptor: &str) -> Option<Self> {
        let order = descriptor.chars().next()?;
        let kind = descriptor.get(1..)?;
        let (size, decode): (usize, fn(u64) -> f64) = match kind {
            "f8" => (8, f64::from_bits),
            "f4" => (4, |bits| f64::from(f32::from_bits(bits as u32))),
            "i8" => (8, |bits| bits as i64 as f64),
            "i4" => (4, |bits| f64::from(bits as u32 as i32)),
            "i2" => (2, |bits| f64::from(bits as u16 as i16)),
            "i1" => (1, |bits| f64::from(bits as u8 as i8)),
            "u8" | "u4" | "u2" | "u1" => (usize::from(kind.as_bytes()[1] - b'0'), |bits| bits as f64),
            "b1" => (1, |bits| f64::from(u8::from(bits != 0))),
            _ => return None,
        };
        match order {
            '<' | '=' | '>' => Some(Self { size, big_endian: order == '>', decode }),
            '|' if size == 1 => Some(Self { size, big_endian: false, decode }),
            _ => None,
        }
    }

    fn read(&self, chunk: &[u8]) -> f64 {
        let fold = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = if self.big_endian { chunk.iter().fold(0, fold) } else { chunk.iter().rev().fold(0, fold) };
        (self.decode)(bits)
    }
}

/// The values of a column-major array in row-major order.
fn row_major(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, n| {
            let this = *stride;
            *stride *= n;
            Some(this)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    let mut at = 0;
    for _ in 0..values.len() {
        out.push(values[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    out
}
