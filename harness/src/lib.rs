//! castnet's laboratory: a scenario in TOML becomes a plan, a backend makes a recording of it, and
//! the judge makes a verdict of the recording.
//!
//! One function for each step: [`plan::load`], [`backend::netns::run`] or [`backend::sim::run`],
//! [`judge::judge`], [`report::text::run`].
//!
//! ```
//! use castnet_lab::backend::{Cancel, sim};
//! use castnet_lab::judge::{Outcome, judge};
//!
//! let plan = castnet_lab::plan::compile("first.toml", r#"
//!     title = "The querier starts with two Queries"
//!     links = { lan = ["r1", "h1"] }
//!     nodes = { r1 = { role = "router" }, h1 = { role = "listener" } }
//!     [[expect]]
//!     packet = { on = "lan", kind = "general-query", from = "r1", max-resp = "QRI" }
//!     count = "SQC"
//!     within = "SQI + 1s"
//! "#)?;
//! assert_eq!(plan.checks[0].text, "lan: SQC 2 general-query from r1 within SQI + 1s");
//! // 32.25 s of virtual time.
//! let recording = sim::run(&plan, &Cancel::new())?;
//! let verdict = judge(&plan, &recording);
//! assert_eq!(verdict.outcome, Outcome::Pass, "{verdict}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In a test of your own it is one line: [`test()`].
//!
//! - [`vocabulary`]: every word of a scenario, once.
//! - [`knobs`]: the parameters of group management, and the RFCs' arithmetic.
//! - [`scenario`]: reads what an author writes, and reports errors in it.
//! - [`plan`]: names resolved, addresses given, `LMQT` turned into arithmetic.
//! - [`protocol`]: the meaning of messages to an observer of a link.
//! - [`printable`]: text of strangers, as it may be shown.
//! - [`output`]: writes files.
//! - [`lab`]: namespaces, links, taps; it knows no scenario.
//! - [`device`]: the plan's routers and hosts in a device's own configuration.
//! - [`member`]: a listener that speaks by castnet's own host machine.
//! - [`role`]: the roles of nodes on the kernel.
//! - [`sim`]: the world without a kernel, in virtual time.
//! - [`backend`]: runs a plan.
//! - [`recording`]: what happened.
//! - [`capture`]: frames decoded, and written as pcapng.
//! - [`fabric`]: links with faults: rules, and the frames that they strike.
//! - [`judge`]: compares what happened with what was claimed.
//! - [`compare`]: compares the runs of two backends.
//! - [`swarm`]: random scenarios, and what must come of them.
//! - [`replay`]: judges a capture by a scenario.
//! - [`explain`]: what a capture says of its links, and what is wrong there.
//! - [`snapshot`]: a run as text that can be reviewed.
//! - [`report`]: the verdict, for people.
//! - [`runner`]: many runs of many scenarios.
//! - [`testing`]: a scenario as an ordinary `#[test]`: [`test()`].

#[cfg(not(target_os = "linux"))]
compile_error!(
    "castnet-lab builds its laboratories out of Linux's network namespaces: it needs Linux"
);

pub mod backend;
pub mod capture;
pub mod compare;
pub mod device;
mod english;
pub mod explain;
pub mod fabric;
pub mod guest;
pub mod judge;
pub mod kernel;
pub mod knobs;
pub mod lab;
pub mod member;
pub mod output;
pub mod plan;
pub mod printable;
pub mod protocol;
pub mod recipe;
pub mod recording;
pub mod replay;
pub mod report;
pub mod role;
pub mod runner;
pub mod scenario;
pub mod sim;
pub mod snapshot;
pub mod swarm;
pub mod testing;
pub mod vocabulary;

pub use testing::test;
