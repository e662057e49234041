//! Every word of a scenario, once: kinds of packets, their fields, the keys of its tables.
//!
//! A row has a word's spelling, the form of its value and its meaning. The reader, the JSON Schema,
//! the tables of docs/scenario.md, the words of a claim and the judge's filter follow from the
//! rows. Words of protocols that castnet does not speak yet are here too ([`unspoken`]).

pub mod act;
pub mod claim;
pub mod fault;
pub mod field;
pub mod file;
pub mod key;
pub mod kind;
pub mod link;
pub mod node;
pub mod unspoken;

#[cfg(test)]
mod tests;
