//! `castnet schema`

use castnet_lab::scenario::schema::schema;

use super::{Ending, Failure, say};

pub(super) fn print() -> Ending {
    let text = serde_json::to_string_pretty(&schema()).map_err(Failure::broken)?;
    say(&format!("{text}\n"));
    Ok(0)
}
