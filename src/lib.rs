//! castnet's routing core.
pub mod addr;
pub mod gmp;
pub mod mfc;
pub mod rng;
pub mod time;
