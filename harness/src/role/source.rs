//! A source, or what a listener sends: UDP datagrams, numbered and stamped, at a steady rate.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use tokio::task::AbortHandle;

use super::{Actor, Stage, udp};
use crate::capture::numbered::{self, UDP_PORT};
use crate::lab::Netns;
use crate::plan::{Action, NodeId, Plan, Stream};
use crate::recording::Number;

pub(super) struct Source {
    node: NodeId,
    /// A socket for each stream that the plan gives it.
    sockets: BTreeMap<u32, UdpSocket>,
    sending: Vec<AbortHandle>,
}

impl Source {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        let interface = |address: IpAddr| {
            let ports = plan.nodes[node].ports.iter().zip(ifindexes);
            let mut own =
                ports.filter(|&(&port, _)| plan.ports[port].addresses().any(|its| its == address));
            let nobody = || io::Error::other(format!("no interface has the address {address}"));
            own.next().map(|(_, &ifindex)| ifindex).ok_or_else(nobody)
        };
        let mut sockets = BTreeMap::new();
        for act in plan.acts.iter().filter(|act| act.node == node) {
            match &act.action {
                Action::Send(stream) => {
                    let (from, ifindex) = (stream.source, interface(stream.source)?);
                    sockets.insert(stream.id, udp::sender(netns, ifindex, from, stream.ttl)?);
                }
                Action::RefusedSend(stream) => {
                    sockets.insert(stream.id, udp::plain(netns, stream.source)?);
                }
                _ => {}
            }
        }
        Ok(Self { node, sockets, sending: Vec::new() })
    }
}

impl Actor for Source {
    fn start(&mut self, _stage: &Stage) -> Result<(), String> {
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        let (stream, is_refused) = match action {
            Action::Send(stream) => (stream, false),
            Action::RefusedSend(stream) => (stream, true),
            Action::Stop => {
                self.quiet(stage);
                return Ok(());
            }
            _ => return Err("a source sends and stops".to_owned()),
        };
        let socket = self.sockets.remove(&stream.id).ok_or("the stream is already sent")?;
        let (node, stage, stream) = (self.node, stage.clone(), stream.clone());
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = send(&stage, &stream, &socket, is_refused).await {
                stage.broken(node, &format!("sending to {}: {error}", stream.group));
            }
        });
        self.sending.push(task.abort_handle());
        Ok(())
    }

    fn quiet(&mut self, _stage: &Stage) {
        self.sending.drain(..).for_each(|task| task.abort());
    }
}

/// Sends each datagram when it is due, or has the kernel refuse it.
///
/// # Errors
/// The kernel has refused a datagram that it had to send, or sent one that it had to refuse.
async fn send(
    stage: &Stage,
    stream: &Stream,
    socket: &UdpSocket,
    is_refused: bool,
) -> io::Result<()> {
    let to = SocketAddr::new(stream.group.addr(), UDP_PORT);
    let began = stage.clock.now();
    let mut sequence = 0;
    while let Some(due) = stream.due(began, sequence) {
        stage.wait_until(due).await;
        let number = Number { stream: stream.id, sequence };
        let payload = numbered::encode(number, stage.clock.now(), stream.size);
        match socket.send_to(&payload, to) {
            Err(error) if is_refused && error.kind() == io::ErrorKind::PermissionDenied => {}
            Ok(_) if is_refused => return Err(io::Error::other("the kernel has not refused it")),
            sent => _ = sent?,
        }
        sequence += 1;
    }
    Ok(())
}
