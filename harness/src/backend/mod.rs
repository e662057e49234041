//! Runs plans. Each backend takes a plan and yields a recording, and nothing else.

mod cancel;
mod carriers;
mod dated;
mod error;
pub mod faults;
mod gate;
mod interfaces;
mod losses;
mod machine;
mod memory;
pub mod netns;
mod noise;
mod readings;
mod segment;
pub mod sim;
mod timeline;
mod transit;
mod unicast;
mod wards;

pub use cancel::Cancel;
pub use error::RunError;
pub use gate::{Changing, Running, at_a_time};
pub use memory::peak_memory;
