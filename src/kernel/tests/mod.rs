//! The kernel layer on the real kernel, in network namespaces of its own.

mod control;
mod forwarding;
mod igmp;
mod lab;
