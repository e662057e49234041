//! castnet's routing core: IP multicast routing as plain values, without a socket, a clock or a
//! thread.
//!
//! A [`router::Router`] takes packets, upcalls and the time as inputs, and returns what to send and
//! forward as outputs. A driver carries the outputs out: on Linux `daemon` over `kernel`, elsewhere
//! any [`drive::DataPlane`].
//!
//! ```
//! use castnet::addr::Family;
//! use castnet::rng::Rng;
//! use castnet::router::config::{Config, InterfaceConfig, KEEPALIVE, MAX_FLOWS};
//! use castnet::router::{Input, Output, Router};
//! use castnet::time::Instant;
//!
//! let lan = InterfaceConfig {
//!     name: "lan".to_owned(),
//!     addresses: vec!["10.0.0.1/24".parse()?],
//!     igmp: Some(Default::default()),
//!     threshold: 1,
//!     static_joins: Default::default(),
//!     upstream: false,
//!     only_forwarder: false,
//!     pim: None,
//!     discovery: None,
//!     boundaries: Vec::new(),
//! };
//! let family = Family::V4;
//! let interfaces = vec![lan];
//! let (routes, rules) = (vec![], vec![]);
//! let (keepalive, max_flows) = (KEEPALIVE, MAX_FLOWS);
//! let config = Config { family, interfaces, routes, rules, keepalive, max_flows, pim: None };
//! let mut router = Router::new(config, Instant::ZERO, Rng::for_node(1, "r1"))?;
//! let mut queries = 0;
//! // An hour of a router with nobody to talk to.
//! while let Some(at) = router.deadline().filter(|at| at.since_start().as_secs() < 3600) {
//!     router.handle(at, Input::Tick);
//!     while let Some(output) = router.poll() {
//!         queries += usize::from(matches!(output, Output::Send { .. }));
//!     }
//! }
//! // Startup at 0 and 31.25 s, then every 125 s.
//! assert_eq!(queries, 30);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From the bytes up:
//! - [`wire`]: messages and packets, decoded and encoded; no state.
//! - [`gmp`]: what IGMP and MLD share, in meanings; the querier, the memberships, the host. A Leave is
//!   processed in `gmp/lens/v2.rs`, `fn leave`.
//! - [`igmp`], [`mld`]: which packets are messages of IGMP and of MLD, and what they mean.
//! - [`host`]: a host on one link, of either family.
//! - [`rib`]: by which interface a source is reached.
//! - [`mfc`]: which flow is forwarded where.
//! - [`fixed`]: static rules.
//! - [`router`]: all of it behind one input and one output; its configuration.
//! - [`event`]: what happened; [`ignored`]: why an input changed nothing.
//! - [`drive`]: the turn that every driver makes.
//! - `kernel`, `daemon`: the kernel's multicast routing, and the loop of `castnetd`.
//!
//! Features: without any, this crate is the routing core, which builds wherever `std` does, also
//! for `wasm32-unknown-unknown`. `linux` adds `kernel` and `daemon`; on other systems it adds
//! nothing. `prompt` adds `prompt`, and `manual` pages of the manual and completions, for programs with a
//! grammar of clap. `bin`, the default, adds the programs, which build on Linux only.

pub mod addr;
#[cfg(all(target_os = "linux", feature = "linux"))]
pub mod daemon;
pub mod drive;
pub mod event;
pub mod fixed;
pub mod gmp;
pub mod host;
pub mod igmp;
pub mod ignored;
#[cfg(all(target_os = "linux", feature = "linux"))]
pub mod kernel;
pub mod machine;
#[cfg(all(target_os = "linux", feature = "manual"))]
pub mod manual;
mod meaning;
pub mod mfc;
pub mod mld;
pub mod mrd;
pub mod pim;
#[cfg(all(target_os = "linux", feature = "prompt"))]
pub mod prompt;
pub mod rib;
pub mod rng;
pub mod router;
pub mod time;
pub mod version;
pub mod wire;
