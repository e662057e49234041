//! Unicast on the running kernel: a datagram reaches every node of a plan, over the routers that
//! its routes name, and again after an interface was down.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use castnet_lab::backend::Cancel;
use castnet_lab::backend::netns::{self, Held, Room};
use castnet_lab::lab::Netns;
use castnet_lab::plan::{Plan, compile};
use libtest_mimic::{Arguments, Failed, Trial};

mod privileged;

fn main() -> ExitCode {
    let trials = vec![
        Trial::test("every_node_reaches_every_other_over_two_routers", everybody_is_reached),
        Trial::test("routes_outlive_an_interface_that_was_down", routes_come_back),
        Trial::test("a_router_without_derived_routes_passes_nothing_back", nothing_comes_back),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

/// Two routers in a row, with a switch at one end of them; `keys` are those of `r2`.
fn plan(keys: &str, acts: &str) -> Plan {
    let text = format!(
        r#"title = "t"
end = "300ms"
[links]
up = {{ nodes = ["s1", "r1"], addresses = {{ s1 = ["10.0.1.7", "10.0.1.8"] }} }}
mid = ["r1", "r2"]
port = ["r2", "sw"]
lan = ["sw", "h1"]
[nodes]
s1 = {{ role = "source" }}
r1 = {{ role = "router" }}
r2 = {{ role = "router"{keys} }}
sw = {{ role = "switch" }}
h1 = {{ role = "listener" }}
{acts}
[[expect]]
packet = {{ on = "mid", kind = "query" }}
count = ">= 1"
"#
    );
    compile("t.toml", &text).unwrap_or_else(|rejected| panic!("{rejected}"))
}

/// Works with the nodes of a held topology.
fn with_rooms(plan: &Plan, work: impl Fn(&[Room]) -> io::Result<()>) -> Result<(), Failed> {
    let cancel = Cancel::new();
    let (outcome, stop) = (Rc::new(RefCell::new(None)), cancel.clone());
    let told = outcome.clone();
    netns::hold(plan, &cancel, move |held| match held {
        Held::Ready(rooms) => {
            *told.borrow_mut() = Some(work(&rooms));
            stop.cancel();
        }
        Held::Told(_) => {}
        Held::Broken(why) => *told.borrow_mut() = Some(Err(io::Error::other(why))),
    })?;
    Ok(outcome.take().ok_or("it never stood")??)
}

fn netns(rooms: &[Room], name: &str) -> io::Result<Netns> {
    let room = rooms.iter().find(|room| room.node == name).ok_or(io::ErrorKind::NotFound)?;
    Ok(Netns::adopt(File::open(&room.netns)?.into(), name))
}

/// How long a datagram may take on a busy machine.
const BOUND: Duration = Duration::from_secs(10);

/// A datagram from one node to an address of another, and its answer.
fn there_and_back(rooms: &[Room], from: &str, to: &str, address: IpAddr) -> io::Result<()> {
    let open = |name: &str, address: IpAddr| {
        netns(rooms, name)?.run(|| UdpSocket::bind((address, 5000)))?
    };
    // A socket that is bound to an address answers from there.
    let (near, far) = (open(from, Ipv4Addr::UNSPECIFIED.into())?, open(to, address)?);
    near.set_read_timeout(Some(BOUND))?;
    far.set_read_timeout(Some(BOUND))?;
    let mut space = [0; 16];
    near.send_to(b"there", (address, 5000))?;
    let (length, sender) = far.recv_from(&mut space)?;
    assert_eq!(&space[..length], b"there");
    far.send_to(b"back", sender)?;
    let (length, answerer) = near.recv_from(&mut space)?;
    assert_eq!((&space[..length], answerer.ip()), (&b"back"[..], address));
    Ok(())
}

fn everybody_is_reached() -> Result<(), Failed> {
    let plan = plan("", "");
    with_rooms(&plan, |rooms| {
        let mut tried = 0;
        for (from, near) in plan.nodes.iter().enumerate() {
            for (to, far) in plan.nodes.iter().enumerate().filter(|(to, _)| *to != from) {
                let ports = far.ports.iter().map(|&port| &plan.ports[port]);
                let all = ports.flat_map(|port| port.addresses());
                for address in all.filter(|_| near.name != "sw") {
                    there_and_back(rooms, &near.name, &far.name, address).map_err(|error| {
                        let (near, far) = (&near.name, &plan.nodes[to].name);
                        io::Error::other(format!("{near} to {far} {address}: {error}"))
                    })?;
                    tried += 1;
                }
            }
        }
        // Four nodes with seven addresses, each tried by the three others.
        assert_eq!(tried, 21);
        Ok(())
    })
}

/// The run takes r2:mid down and up again; afterwards, while the topology is held, h1 reaches s1.
fn routes_come_back() -> Result<(), Failed> {
    let act = |at: &str, verb: &str| {
        format!("[[act]]\nat = \"{at}\"\n{verb} = {{ who = \"r2\", link = \"mid\" }}\n")
    };
    let plan = plan("", &[act("50ms", "down"), act("100ms", "up")].concat());
    let outcome = Rc::new(RefCell::new(None));
    let told = outcome.clone();
    netns::run_then(&plan, &Cancel::new(), async move |_, _, rooms| {
        *told.borrow_mut() =
            Some(there_and_back(&rooms().unwrap(), "h1", "s1", Ipv4Addr::new(10, 0, 1, 7).into()));
    })?;
    Ok(outcome.take().ok_or("it never stood")??)
}

fn nothing_comes_back() -> Result<(), Failed> {
    let plan = plan(", derive-routes = false", "");
    with_rooms(&plan, |rooms| {
        let lost = netns(rooms, "r2")?.run(|| UdpSocket::bind(("0.0.0.0", 0)))??;
        let sent = lost.send_to(b"there", ("10.0.1.7", 5000)).map_err(|error| error.kind());
        assert_eq!(sent, Err(io::ErrorKind::NetworkUnreachable));
        // The control: r1 reaches the network that it is on.
        there_and_back(rooms, "r1", "r2", Ipv4Addr::new(10, 0, 2, 2).into())
    })
}
