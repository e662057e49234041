//! The words that select scenarios.

use castnet_lab::runner::{Selection, Shard};
use clap::Args;

/// The user's selection among the scenarios found.
#[derive(Args)]
pub(super) struct SelectionArgs {
    /// Only scenarios with this in their name; may be given more than once, for any of them.
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Only scenarios that prove this clause (RFC2236-3-14), or one of this section or RFC
    /// (RFC2236-3, RFC2236); may be given more than once, for any of them.
    #[arg(long, value_name = "ID")]
    clause: Vec<String>,
    /// Only the i-th of n parts, counted from 1; the same names make the same parts.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

impl SelectionArgs {
    pub(super) fn selection(&self) -> Selection {
        let Self { filter, clause, shard } = self;
        Selection { filter: filter.clone(), clause: clause.clone(), shard: *shard }
    }
}
