//! What several tests share.

pub mod agreement;
pub mod models;
