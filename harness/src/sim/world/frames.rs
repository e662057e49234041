//! The way of a frame: from a port over a link to its receivers.

use std::mem;

use castnet::mfc::vif::Vif;

use super::{Due, World};
use crate::fabric::Wire;
use crate::plan::{LinkId, PortId};
use crate::recording;
use crate::sim::frame::{Frame, UNDER_WAY};
use crate::sim::link::Medium;
use crate::sim::model::mroute::{Header, MrouteOut};
use crate::sim::seat::Seat;

impl World<'_> {
    pub(super) fn send(&mut self, port: PortId, frame: Frame) {
        let seat = self.seats[port];
        // A cable whose other end does not listen carries nothing.
        if seat.peer().is_some_and(|peer| !self.seats[peer].up) {
            return;
        }
        self.record(port, true, &frame);
        let id = seat.link();
        // A cable has no wire, so its link need not be read.
        if seat.peer().is_none()
            && let Medium { ports, wire: Some(wire), .. } = &mut self.links[id]
        {
            let position = ports.iter().position(|&own| own == port);
            wire.enter(self.now, position.unwrap_or_default(), &frame.octets());
            self.call_wire(id);
        } else {
            self.queue.push(self.now + UNDER_WAY, Due::Arrival(port, frame));
        }
    }

    pub(super) fn arrive(&mut self, from: PortId, frame: &Frame) {
        let seat = self.seats[from];
        if let Some(peer) = seat.peer() {
            return self.arrive_at(peer, frame);
        }
        let link = seat.link();
        for position in 0..self.links[link].ports.len() {
            let port = self.links[link].ports[position];
            if port != from && self.seats[port].up {
                self.record(port, false, frame);
            }
        }
        let mut listeners = mem::take(&mut self.listeners);
        self.links[link].listeners(frame.destination, &mut listeners);
        for port in listeners.drain(..) {
            // An earlier receiver may have taken this port down.
            let seat = self.seats[port];
            if port != from && seat.up {
                self.hand(port, seat, frame);
            }
        }
        self.listeners = listeners;
    }

    pub(super) fn arrive_at(&mut self, port: PortId, frame: &Frame) {
        let seat = self.seats[port];
        if !seat.up {
            return;
        }
        self.record(port, false, frame);
        if !seat.is_heard(frame.destination) {
            if !self.links[seat.link()].hears(port, frame.destination) {
                return;
            }
            self.seats[port].note(frame.destination);
        }
        self.hand(port, seat, frame);
    }

    /// Hands a frame to its receiver: a datagram to the kernel of a router, anything else to the
    /// node's actor.
    fn hand(&mut self, port: PortId, seat: Seat, frame: &Frame) {
        let Some(forwarder) = seat.forwarder() else {
            return self.call(seat.node(), |actor, cx| actor.receive(cx, port, frame));
        };
        match self.reader.header(&frame.packet) {
            Some(Header { is_control: true, .. }) => {
                self.call(seat.node(), |actor, cx| actor.receive(cx, port, frame));
            }
            Some(_) => self.forward(forwarder, seat, frame),
            None => self.events += 1,
        }
    }

    /// The kernel of a router forwards a datagram. The daemon learns of it only by an upcall.
    fn forward(&mut self, forwarder: usize, seat: Seat, frame: &Frame) {
        let Some(vif) = Vif::new(seat.position()) else { return };
        let mut outs = mem::take(&mut self.outs);
        let mroute = &mut self.forwarders[forwarder].mroute;
        mroute.forward(self.now, vif, &frame.packet, &mut self.reader, &mut outs);
        if outs.iter().all(|out| matches!(out, MrouteOut::Forward { .. })) {
            self.events += 1;
            for out in outs.drain(..) {
                if let MrouteOut::Forward { vif, to, packet } = out
                    && let Ok(port) = self.forwarders[forwarder].port(vif)
                {
                    self.send(port, Frame::to(self.seats[port].mac, to, packet));
                }
            }
        } else {
            self.call(seat.node(), |actor, cx| actor.told(cx, &mut outs));
        }
        self.outs = outs;
    }

    /// Releases the frames that a link with faults has due by now.
    pub(super) fn let_go(&mut self, id: LinkId) {
        let link = &mut self.links[id];
        if link.wake != Some(self.now) {
            return;
        }
        link.wake = None;
        let Some(wire) = &mut link.wire else { return };
        while let Some((to, octets)) = wire.poll(self.now) {
            if let Some(frame) = Frame::read(&octets) {
                let arrival = Due::ArrivalAt(link.ports[to], frame);
                self.queue.push(self.now + UNDER_WAY, arrival);
            }
        }
        self.call_wire(id);
    }

    fn call_wire(&mut self, id: LinkId) {
        let link = &mut self.links[id];
        if let Some(deadline) = link.wire.as_deref().and_then(Wire::deadline)
            && link.wake.is_none_or(|wake| deadline < wake)
        {
            link.wake = Some(deadline);
            self.queue.push(deadline, Due::Wire(id));
        }
    }

    fn record(&mut self, port: PortId, outgoing: bool, frame: &Frame) {
        if !self.seats[port].is_kept {
            self.recording.unkept.frames += 1;
            return;
        }
        let bytes = frame.octets();
        let original_len = bytes.len();
        let at = self.now;
        self.recording.frames.push(recording::Frame { at, port, outgoing, bytes, original_len });
    }
}
