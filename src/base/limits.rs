//! The sizes optc accepts. Every limit is checked before memory is taken.

/// Deepest nesting of brackets, calls, unary operators, powers and `if` in one expression.
pub const MAX_NESTING: usize = 10_000;
/// Largest source file in bytes (spans are `u32`).
pub const MAX_SOURCE_BYTES: usize = 1 << 30;
/// Most errors reported in one run; the rest are counted.
pub const MAX_REPORTS: usize = 100;
/// Most elements in one set, one array or one index domain.
pub const MAX_ELEMENTS: usize = 1 << 28;
/// Most nonzeros in one derivative matrix.
pub const MAX_NONZEROS: usize = 1 << 29;
/// Most bytes one bind may take unless the session says otherwise.
pub const MAX_BIND_BYTES: usize = 16 << 30;
/// Most combinations on which a filter that is no join is tried, or over which a sum of data runs.
pub const MAX_TRIES: usize = 1 << 29;
/// Most expressions that calls of `fn` may be written out to.
pub const MAX_INLINED: usize = 4_000_000;
/// Most functions of variables inside one another: derivatives of such a tower grow with its height, the work to find them with the square.
pub const MAX_TOWER: usize = 3000;
/// Most indices in one head, and most parts of one element.
pub const MAX_INDICES: usize = 1_000;
