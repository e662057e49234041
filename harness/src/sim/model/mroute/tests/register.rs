//! The register interface: what goes out of it to the owner, and what comes in by it out of Registers.

use castnet::wire::ip;
use castnet::wire::pim::{Message, Register};

use super::*;

const REGISTER: Vif = Vif::REGISTER;

/// A namespace with a register interface beside three devices.
fn world() -> World {
    let mut world = World::new();
    world.mroute.add_vif(REGISTER, VifKind::Register).unwrap();
    world
}

/// A Register, or a Null-Register, that came in for the namespace.
fn register(world: &mut World, is_null: bool, damage: bool) -> Vec<String> {
    let datagram = datagram(GROUP, 9, 7).to_vec();
    let message = Message::Register(Register { is_border: false, is_null, datagram });
    let mut payload = message.encode(None).unwrap();
    payload[3] ^= u8::from(damage);
    let header = ip::Header {
        source: [10, 0, 9, 1].into(),
        destination: [10, 0, 0, 1].into(),
        protocol: PIM,
        hop_limit: 60,
        class: 0,
        router_alert: false,
    };
    let packet = Packet { header, payload: &payload };
    world.with(|mroute, now, out| {
        mroute.decapsulate(now, &packet, &mut Reader::default(), out);
    });
    world.done()
}

#[test]
fn what_goes_out_of_it_reaches_the_owner_as_it_came() {
    let mut world = world();
    world.set(entry(0, &[(1, 1), (REGISTER.index(), 1)])).done();
    world.input(0, datagram(GROUP, 9, 7));
    assert_eq!(world.done(), ["WHOLEPKT vif31 (10.0.0.9, 239.1.1.1) ttl 9", "vif1 ttl 8 mark 7"]);
    world.input(0, datagram(GROUP, 1, 7));
    assert_eq!(world.done(), [""; 0]);
}

#[test]
fn the_datagram_of_a_register_comes_in_by_it() {
    let mut world = world();
    let asked = ["NOCACHE vif31 (10.0.0.9, 239.1.1.1)", "(10.0.0.9, 239.1.1.1) unresolved"];
    assert_eq!(register(&mut world, false, false), asked);
    world.set(entry(REGISTER.index(), &[(1, 1)]));
    assert_eq!(world.done(), ["vif1 ttl 8 mark 7", "(10.0.0.9, 239.1.1.1) in vif31 out vif1"]);
    assert_eq!(register(&mut world, false, false), ["vif1 ttl 8 mark 7"]);
    assert_eq!(register(&mut world, true, false), [""; 0], "a Null-Register");
    assert_eq!(register(&mut world, false, true), [""; 0], "a wrong checksum");
    world.mroute.delete_vif(REGISTER);
    assert_eq!(register(&mut world, false, false), [""; 0]);
}

#[test]
fn with_it_a_datagram_on_any_wrong_interface_makes_an_upcall() {
    let wrong = "WRONGVIF vif2 (10.0.0.9, 239.1.1.1)";
    for (mut world, upcalls) in [(world(), vec![wrong]), (World::new(), vec![])] {
        world.set(entry(0, &[(1, 1)])).done();
        world.input(2, datagram(GROUP, 9, 7)).input(2, datagram(GROUP, 9, 7));
        assert_eq!(world.done(), upcalls);
    }
}
