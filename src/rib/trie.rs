//! A map from IP prefixes to values that finds the longest prefix of an address.
//!
//! A binary trie without chains: a node is a prefix with a value, or the place where two longer
//! prefixes part. The steps of a lookup are the prefixes that contain the address, and not all
//! prefixes.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::addr::PerFamily;

#[cfg(test)]
mod tests;

/// Values by prefixes of both families.
#[derive(Clone, Debug)]
pub(super) struct Trie<T>(PerFamily<Node<T>>);

/// The bits of an address, the first one highest, and the number of them that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bits {
    bits: u128,
    length: u8,
}

#[derive(Clone, Debug)]
struct Node<T> {
    prefix: Bits,
    value: Option<T>,
    /// The children where the next bit is 0, and where it is 1.
    below: [Option<Box<Self>>; 2],
}

impl Bits {
    const NONE: Self = Self { bits: 0, length: 0 };

    fn new(address: IpAddr, length: u8) -> Self {
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << (128 - 32),
            IpAddr::V6(address) => address.to_bits(),
        };
        Self { bits, length: 128 }.cut(length)
    }

    /// The first `length` bits.
    const fn cut(self, length: u8) -> Self {
        let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
        Self { bits: self.bits & mask, length }
    }

    /// The longest common prefix.
    fn shared(self, other: Self) -> Self {
        let equal = (self.bits ^ other.bits).leading_zeros();
        let least = self.length.min(other.length);
        self.cut(u8::try_from(equal).unwrap_or(u8::MAX).min(least))
    }

    /// The bit behind the first `length` ones.
    const fn after(self, length: u8) -> usize {
        (self.bits << length >> 127) as usize
    }
}

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self(PerFamily { v4: Node::new(Bits::NONE), v6: Node::new(Bits::NONE) })
    }
}

impl<T: Default> Trie<T> {
    /// The value of exactly this prefix; a default value is added if the prefix has no value.
    pub(super) fn entry(&mut self, net: IpNet) -> &mut T {
        self.root_mut(net.addr()).entry(Bits::new(net.addr(), net.prefix_len()))
    }
}

impl<T> Trie<T> {
    /// The value of exactly this prefix.
    pub(super) fn get_mut(&mut self, net: IpNet) -> Option<&mut T> {
        let wanted = Bits::new(net.addr(), net.prefix_len());
        self.root_mut(net.addr()).find_mut(wanted)?.value.as_mut()
    }

    /// Removes the value of exactly this prefix.
    pub(super) fn remove(&mut self, net: IpNet) {
        self.root_mut(net.addr()).remove(Bits::new(net.addr(), net.prefix_len()));
    }

    /// The longest prefix of the address from whose value something can be chosen: its length, and
    /// the choice.
    pub(super) fn longest<'t, C>(
        &'t self,
        address: IpAddr,
        choose: impl Fn(&'t T) -> Option<C>,
    ) -> Option<(u8, C)> {
        let wanted = Bits::new(address, 128);
        let mut next = Some(match address {
            IpAddr::V4(_) => &self.0.v4,
            IpAddr::V6(_) => &self.0.v6,
        });
        let mut found = None;
        while let Some(node) = next.filter(|node| node.prefix.shared(wanted) == node.prefix) {
            let Bits { length, .. } = node.prefix;
            let choice = node.value.as_ref().and_then(&choose);
            found = choice.map(|choice| (length, choice)).or(found);
            next = match length {
                128 => None,
                _ => node.below[wanted.after(length)].as_deref(),
            };
        }
        found
    }

    /// Every prefix with its value, IPv4 first, in the order of prefixes.
    pub(super) fn all(&self) -> Vec<(IpNet, &T)> {
        let mut all = Vec::new();
        self.0.v4.list(&|bits| IpAddr::from(((bits >> (128 - 32)) as u32).to_be_bytes()), &mut all);
        self.0.v6.list(&|bits| IpAddr::from(bits.to_be_bytes()), &mut all);
        all
    }

    const fn root_mut(&mut self, address: IpAddr) -> &mut Node<T> {
        match address {
            IpAddr::V4(_) => &mut self.0.v4,
            IpAddr::V6(_) => &mut self.0.v6,
        }
    }
}

impl<T> Node<T> {
    const fn new(prefix: Bits) -> Self {
        Self { prefix, value: None, below: [None, None] }
    }

    /// The node of this prefix, which begins with the prefix of this one.
    fn find_mut(&mut self, wanted: Bits) -> Option<&mut Self> {
        if self.prefix == wanted {
            return Some(self);
        }
        let next = self.below[wanted.after(self.prefix.length)].as_deref_mut()?;
        let is_there = next.prefix.shared(wanted) == next.prefix;
        if is_there { next.find_mut(wanted) } else { None }
    }

    /// Appends the values here and below; `address` turns a prefix's bits into an address.
    fn list<'t>(&'t self, address: &impl Fn(u128) -> IpAddr, all: &mut Vec<(IpNet, &'t T)>) {
        let Bits { bits, length } = self.prefix;
        let net = IpNet::new(address(bits), length).ok();
        all.extend(net.zip(self.value.as_ref()));
        self.below.iter().flatten().for_each(|next| next.list(address, all));
    }

    fn remove(&mut self, wanted: Bits) {
        if self.prefix == wanted {
            self.value = None;
            return;
        }
        let place = &mut self.below[wanted.after(self.prefix.length)];
        let Some(next) = place.as_deref_mut() else { return };
        if next.prefix.shared(wanted) != next.prefix {
            return;
        }
        next.remove(wanted);
        // A node without a value is kept only where two longer prefixes part.
        if next.value.is_none() && next.below.iter().flatten().count() < 2 {
            *place = next.below.iter_mut().find_map(Option::take);
        }
    }
}

impl<T: Default> Node<T> {
    fn entry(&mut self, wanted: Bits) -> &mut T {
        if self.prefix == wanted {
            return self.value.get_or_insert_default();
        }
        let place = &mut self.below[wanted.after(self.prefix.length)];
        let shared = place.as_ref().map_or(wanted, |next| next.prefix.shared(wanted));
        match place {
            Some(next) if next.prefix == shared => {}
            _ => {
                let mut parting = Self::new(shared);
                if let Some(next) = place.take() {
                    let side = next.prefix.after(shared.length);
                    parting.below[side] = Some(next);
                }
                *place = Some(Box::new(parting));
            }
        }
        place.get_or_insert_with(|| Box::new(Self::new(shared))).entry(wanted)
    }
}
