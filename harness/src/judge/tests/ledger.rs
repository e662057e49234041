//! The way of a datagram, link by link, and what struck it or stopped its receivers.

use castnet::wire::igmp::Message;

use super::{GROUP, NS, OTHER_GROUP, Run, S1, data_frame, first, igmp_frame, ms};
use crate::plan::{Act, Action};
use crate::recording::{Strike, Struck};

/// A datagram that is sent at 3 s and that h1 does not receive.
fn lost() -> Run {
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true";
    Run::new(claim).sent(ms(3000), 0)
}

impl Run {
    fn interface(mut self, at: u64, port: &str, up: bool) -> Self {
        let port = self.port(port);
        let act = self.plan.acts[0].clone();
        let (node, action) = (self.plan.ports[port].node, Action::Interface { port, up });
        self.plan.acts.push(Act { node, action, ..act });
        self.recording.acts.push(Some(ms(at)));
        self
    }

    pub(super) fn struck(mut self, at: u64, port: &str, to: Option<&str>, bytes: Vec<u8>) -> Self {
        let (port, to) = (self.port(port), to.map(|to| self.port(to)));
        let (at, fault, strike, line) = (ms(at), None, Strike::Dropped, Some(7));
        self.recording.struck.push(Struck { at, fault, port, to, bytes, strike, line });
        self
    }

    /// Removes the reception of frames at this port from the recording.
    fn unheard(mut self, port: &str) -> Self {
        let port = self.port(port);
        self.recording.frames.retain(|frame| frame.port != port);
        self
    }

    #[track_caller]
    fn tells_of(self, line: &str) {
        let why = self.finding().why;
        assert!(why.iter().any(|found| found == line), "{line:?} is not in {why:#?}");
    }
}

#[test]
fn who_did_not_hear_it_is_named_and_why_if_its_interface_was_down() {
    lost().unheard("r1:up").tells_of("   3.000000 s  s1:up -> s2:up, not r1:up");
    let down = |at| lost().unheard("r1:up").interface(at, "r1:up", false);
    down(3000).tells_of("   3.000000 s  s1:up -> s2:up, not r1:up (down since 3.000 s)");
    down(3001).tells_of("   3.000000 s  s1:up -> s2:up, not r1:up");
    let up_again = down(1000).interface(2000, "r1:up", true);
    up_again.tells_of("   3.000000 s  s1:up -> s2:up, not r1:up");
    let lan_down = lost().entry(ms(2000), Some(("r1:up", &["r1:lan"])));
    let lan_down = lan_down.interface(2500, "r1:lan", false);
    lan_down.tells_of("entered r1:up at 3.000 s, lan was down since 2.500 s, never left");
}

#[test]
fn what_a_fault_did_to_it_stands_where_it_happened() {
    let frame = || data_frame(S1, GROUP, first(0), 31);
    let run = || lost().forwarded(ms(3005), 0);
    let why = run().struck(3001, "s1:up", Some("r1:up"), frame()).finding().why;
    let line = "   3.001000 s  behind s1:up: dropped (line 7) on its way to r1:up";
    assert_eq!(why[6], line, "{why:#?}");
    run()
        .struck(3001, "s1:up", None, frame())
        .tells_of("   3.001000 s  behind s1:up: dropped (line 7)");
    let other = data_frame(S1, GROUP, first(1), 31);
    let why = run().struck(3001, "s1:up", None, other).finding().why;
    assert!(!why.iter().any(|line| line.contains("dropped")), "{why:#?}");
}

#[test]
fn what_a_fault_did_to_those_who_wanted_it_is_told() {
    let report = |group| {
        let header = castnet::wire::ipv4::Ipv4Header::igmp(super::H1, group);
        igmp_frame(&header, &Message::V2Report { group })
    };
    let struck = |at, group| lost().struck(at, "h1:lan", None, report(group));
    struck(1000, GROUP)
        .tells_of("   1.000000 s  behind h1:lan: v2 Membership Report 239.1.1.1 dropped (line 7)");
    let told = |run: Run| run.finding().why.iter().any(|line| line.contains("dropped"));
    assert!(told(struck(3100, GROUP)));
    assert!(!told(struck(3101, GROUP)));
    assert!(!told(struck(1000, OTHER_GROUP)));
}

#[test]
fn a_receiver_that_is_no_member_is_said_to_be_none() {
    let claim = "delivery = { to = 'h2', group = '239.1.1.1' }\nexactly-once = true";
    Run::new(claim).sent(ms(3000), 0).tells_of("the receiver was no member then");
    let why = lost().finding().why;
    assert!(!why.iter().any(|line| line.contains("no member then")), "{why:#?}");
    let claim = "delivery = { to = 'h1', group = '239.1.1.1' }\nexactly-once = true\n\
                 after = 'leave'\nwithin = '1s'";
    let left = Run::new(claim).sent(super::LEAVE + NS, 0);
    left.tells_of("the receiver was no member then");
}
