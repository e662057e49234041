//! Reads the octets of a PIM message from front to back.

use crate::wire::{Malformed, Why};

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// The message in errors.
    message: &'static str,
    left: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads the octets of `left`, which begin at octet `at` of the message.
    pub(super) const fn new(message: &'static str, left: &'a [u8], at: usize) -> Self {
        Self { message, left, at }
    }

    /// How many octets are left.
    pub(super) const fn len(&self) -> usize {
        self.left.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The error about `field`, which begins so many octets before the next one.
    pub(super) const fn malformed(&self, field: &'static str, back: usize, why: Why) -> Malformed {
        Malformed { message: self.message, field, at: self.at - back, why }
    }

    /// The next `N` octets.
    pub(super) fn octets<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let Some((octets, left)) = self.left.split_first_chunk() else {
            let why = Why::TooFew { unit: "octets", found: self.len(), least: N };
            return Err(self.malformed(field, 0, why));
        };
        self.left = left;
        self.at += N;
        Ok(*octets)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        self.octets(field).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.octets(field).map(u32::from_be_bytes)
    }

    /// A reader of the next `len` octets, which this one then leaves out.
    pub(super) fn split(&mut self, field: &'static str, len: usize) -> Result<Self, Malformed> {
        let Some((part, left)) = self.left.split_at_checked(len) else {
            let why = Why::NoRoom { unit: "octets", announced: len, room: self.len() };
            return Err(self.malformed(field, 0, why));
        };
        let at = self.at;
        self.left = left;
        self.at += len;
        Ok(Self { message: self.message, left: part, at })
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.at += self.left.len();
        std::mem::take(&mut self.left)
    }
}
