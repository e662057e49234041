use super::*;

fn device(ifindex: u32, name: &str) -> Device {
    let name = name.to_owned();
    Device { ifindex, name, is_up: true, is_running: true, is_multicast: true, carrier_losses: 0 }
}

fn address(ifindex: u32, own: &str) -> Address {
    let own = own.parse().unwrap();
    Address { ifindex, own, peer: None, is_secondary: false, is_usable: true }
}

fn addresses(devices: &Devices, name: &str) -> Vec<String> {
    let seen = devices.named(name).unwrap();
    seen.addresses().iter().map(ToString::to_string).collect()
}

fn machine(reports: impl IntoIterator<Item = Report>) -> Devices {
    let mut devices = Devices::default();
    reports.into_iter().for_each(|report| _ = devices.apply(report));
    devices
}

#[test]
fn a_device_is_known_by_the_name_that_it_has_now() {
    let mut devices = machine([device(2, "e0"), device(3, "e1")].map(Report::Device));
    for (ifindex, name) in [(2, "tmp"), (3, "e0"), (2, "e1")] {
        devices.apply(Report::Device(device(ifindex, name)));
    }
    let index = |name| devices.named(name).map(|seen| seen.device.ifindex);
    assert_eq!([index("e0"), index("e1"), index("tmp")], [Some(3), Some(2), None]);
}

#[test]
fn a_device_that_comes_back_has_no_address_of_the_one_before() {
    let mut devices = machine([Report::Device(device(2, "e0"))]);
    devices.apply(Report::Address(address(2, "10.0.0.1/24")));
    assert_eq!(devices.apply(Report::DeviceGone(2)), Some(2));
    assert!(devices.named("e0").is_none());
    // A late report of an address of the dead one.
    assert_eq!(devices.apply(Report::AddressGone(address(2, "10.0.0.1/24"))), None);
    devices.apply(Report::Device(device(9, "e0")));
    assert_eq!(addresses(&devices, "e0"), [""; 0]);
}

// RFC 1122 section 3.2.1.3: the address of the link is a primary one.
#[test]
fn own_primary_addresses_come_first_and_peers_last() {
    let mut devices = machine([Report::Device(device(2, "e0"))]);
    let peer = Some("10.0.9.2/32".parse().unwrap());
    for given in [
        Address { is_secondary: true, ..address(2, "10.0.0.9/24") },
        Address { peer, ..address(2, "10.0.3.1/32") },
        address(2, "10.0.0.1/24"),
        Address { is_usable: false, ..address(2, "fe80::1/64") },
    ] {
        devices.apply(Report::Address(given));
    }
    let expected = ["10.0.3.1/32", "10.0.0.1/24", "10.0.0.9/24", "10.0.9.2/32"];
    assert_eq!(addresses(&devices, "e0"), expected);
    // The kernel promotes a secondary one when its primary one goes.
    devices.apply(Report::AddressGone(address(2, "10.0.0.1/24")));
    devices.apply(Report::Address(address(2, "10.0.0.9/24")));
    devices.apply(Report::Address(address(2, "fe80::1/64")));
    let expected = ["10.0.0.9/24", "10.0.3.1/32", "fe80::1/64", "10.0.9.2/32"];
    assert_eq!(addresses(&devices, "e0"), expected);
    // The same address with another network is another one.
    devices.apply(Report::Address(address(2, "10.0.0.9/16")));
    devices.apply(Report::AddressGone(address(2, "10.0.0.9/24")));
    assert_eq!(addresses(&devices, "e0")[1..], ["fe80::1/64", "10.0.0.9/16", "10.0.9.2/32"]);
}

#[test]
fn an_outage_between_two_looks_is_counted() {
    let up = device(2, "e0");
    let mut devices = machine([Report::Device(up.clone())]);
    let outages = |devices: &Devices| devices.named("e0").unwrap().outages;
    for (change, expected) in [
        (Device { is_running: false, ..up.clone() }, 1),
        (Device { is_up: false, is_running: false, ..up.clone() }, 1),
        (up.clone(), 1),
        (Device { is_multicast: false, ..up.clone() }, 2),
        (Device { name: "e0".into(), ..up.clone() }, 2),
        // Lost and found again before the kernel said so.
        (Device { carrier_losses: 1, ..up.clone() }, 3),
        (Device { carrier_losses: 1, ..up.clone() }, 3),
    ] {
        devices.apply(Report::Device(change));
        assert_eq!(outages(&devices), expected);
    }
    devices.replace(vec![Report::Device(up), Report::Address(address(2, "10.0.0.1/24"))]);
    assert_eq!(outages(&devices), 3);
    assert_eq!(addresses(&devices, "e0"), ["10.0.0.1/24"]);
    devices.replace(vec![]);
    assert_eq!(devices.names().count(), 0);
}
