//! What several tests share.

pub mod agreement;
pub mod bits;
pub mod drawn;
pub mod models;
