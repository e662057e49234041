//! The datagrams that listeners' sockets received, kept in 40 octets each.
//!
//! A run may have millions of them and few flows, so each flow's addresses are kept once.

use std::collections::BTreeMap;
use std::net::IpAddr;

use castnet::addr::Group;
use castnet::time::Instant;
use serde::{Deserialize, Serialize};

use super::{Delivery, Number};
use crate::plan::NodeId;

/// Deliveries in the order in which they were added.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Delivery>", into = "Vec<Delivery>")]
pub struct Deliveries {
    flows: Vec<(IpAddr, Group)>,
    /// Where each flow stands in `flows`.
    places: BTreeMap<(IpAddr, Group), usize>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    at: Instant,
    number: Number,
    node: NodeId,
    /// Its place in [`Deliveries::flows`].
    flow: usize,
}

impl Deliveries {
    /// No delivery.
    #[must_use]
    pub const fn new() -> Self {
        Self { flows: Vec::new(), places: BTreeMap::new(), rows: Vec::new() }
    }

    /// Adds a delivery.
    pub fn push(&mut self, delivery: Delivery) {
        let Delivery { at, node, source, group, number } = delivery;
        let flow = self.place((source, group));
        self.rows.push(Row { at, number, node, flow });
    }

    /// The place of a flow, which mostly is that of the delivery before.
    fn place(&mut self, flow: (IpAddr, Group)) -> usize {
        if let Some(last) = self.rows.last()
            && self.flows[last.flow] == flow
        {
            return last.flow;
        }
        *self.places.entry(flow).or_insert_with(|| {
            self.flows.push(flow);
            self.flows.len() - 1
        })
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every delivery.
    pub fn iter(&self) -> impl Iterator<Item = Delivery> {
        self.rows.iter().map(|row| {
            let (source, group) = self.flows[row.flow];
            Delivery { at: row.at, node: row.node, source, group, number: row.number }
        })
    }
}

impl FromIterator<Delivery> for Deliveries {
    fn from_iter<T: IntoIterator<Item = Delivery>>(deliveries: T) -> Self {
        let mut all = Self::new();
        deliveries.into_iter().for_each(|delivery| all.push(delivery));
        all
    }
}

impl From<Vec<Delivery>> for Deliveries {
    fn from(deliveries: Vec<Delivery>) -> Self {
        deliveries.into_iter().collect()
    }
}

impl From<Deliveries> for Vec<Delivery> {
    fn from(deliveries: Deliveries) -> Self {
        deliveries.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_of_flows_that_take_turns_come_back_as_they_were() {
        let flows =
            [("10.0.0.1", "239.1.1.1"), ("10.0.0.2", "239.1.1.1"), ("2001:db8::1", "ff3e::1")];
        let all: Vec<Delivery> = (0..9_u64)
            .map(|sequence| {
                let (source, group) = flows[[0, 0, 1, 2, 0, 1, 1, 2, 0][sequence as usize]];
                Delivery {
                    at: Instant::ZERO,
                    node: 3,
                    source: source.parse().unwrap(),
                    group: Group::new(group.parse().unwrap()).unwrap(),
                    number: Number { stream: 0, sequence },
                }
            })
            .collect();
        let kept: Deliveries = all.iter().copied().collect();
        assert_eq!((kept.iter().collect::<Vec<_>>(), kept.flows.len()), (all, 3));
        assert_eq!(size_of::<Row>(), 40);
    }
}
