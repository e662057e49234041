//! From scenarios to verdicts: everything that `castnet` does except reading words and printing.
//!
//! [`files::find`] and [`files::load_all`] turn paths into plans, [`Selection`] picks among them,
//! [`jobs`] says where and how often each one runs, and [`carry_out`] runs them, some at a time, and
//! reports [`Event`]s to one observer. [`standing`] finds topologies that another process of the same
//! user holds, [`live`] captures in one, [`versus`] holds the two backends against each other, and
//! [`hunt`] looks for random scenarios that fail, [`clauses`] says what of the RFCs is proved, and
//! [`conformance`] what of them holds of which device.
//!
//! ```
//! use castnet_lab::backend::Cancel;
//! use castnet_lab::judge::Outcome;
//! use castnet_lab::plan::Wishes;
//! use castnet_lab::runner::{self, Hold, Orders, Selection, Where, files};
//! use castnet_lab::scenario::Backend;
//!
//! # std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
//! # let out = std::env::temp_dir().join(format!("castnet-doc-{}", std::process::id()));
//! let found = files::find(&["scenarios/igmp/v2/leave-last-member.toml".into()])?;
//! let plans = Selection::default().pick(files::load_all(&found, &[], &Wishes::default()).whole()?)?;
//! let jobs = runner::jobs(&plans, &Where::on(&[Backend::Sim]), 3, &out);
//! let cancel = Cancel::new();
//! let orders = Orders { at_a_time: 2, ..Orders::new(jobs, &cancel) };
//! let campaign = runner::carry_out(&orders, |_event, _so_far| ());
//! # std::fs::remove_dir_all(&out).unwrap();
//! assert_eq!(campaign.finished.len(), 3);
//! assert_eq!(campaign.worst(), Some(Outcome::Pass));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod campaign;
pub mod clauses;
pub mod conformance;
mod evidence;
pub mod files;
pub mod hunt;
mod job;
pub mod live;
mod orders;
mod seed;
mod selection;
mod so_far;
pub mod standing;
pub mod versus;

pub use campaign::{PACE, carry_out};
pub use job::{Guest, Job, Where, jobs};
pub use orders::{Event, Held, Hold, Orders};
pub use seed::Seed;
pub use selection::{Selection, Shard};
pub use so_far::SoFar;

/// A path or a name on the command line does not exist, or is not unique. The message is a sentence
/// for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);
