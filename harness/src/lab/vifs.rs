//! The interfaces between which the kernel of a namespace routes multicast: its VIFs.
//!
//! The kernel reports nothing of VIFs themselves, but that multicast forwarding of an interface changes
//! (`NETCONFA_MC_FORWARDING`), which it does when a VIF is added or deleted (vif_add in net/ipv4/ipmr.c,
//! mif6_add in net/ipv6/ip6mr.c). Each report is a reason to read the list anew.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

use castnet::addr::Family;
use castnet::kernel::readable;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};

use super::Netns;

/// `RTNLGRP_IPV4_NETCONF` and `RTNLGRP_IPV6_NETCONF` of linux/rtnetlink.h.
const GROUPS: [u32; 2] = [24, 25];

/// A subscription to the changes of a namespace's VIFs.
pub struct VifMonitor<'n> {
    netns: &'n Netns,
    file: &'static str,
    socket: Socket,
}

impl<'n> VifMonitor<'n> {
    /// Subscribes: no change from now on is missed.
    ///
    /// # Errors
    /// Errors of [`Netns::run`] and of making the socket.
    pub fn open(netns: &'n Netns, family: Family) -> io::Result<Self> {
        let socket = netns.run(|| -> io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind(&SocketAddr::new(0, 0))?;
            GROUPS.iter().try_for_each(|&group| socket.add_membership(group))?;
            socket.set_non_blocking(true)?;
            Ok(socket)
        })??;
        let file = match family {
            Family::V4 => "ip_mr_vif",
            Family::V6 => "ip6_mr_vif",
        };
        Ok(Self { netns, file, socket })
    }

    /// Waits until each of these interfaces is a VIF.
    ///
    /// # Errors
    /// Errors of reading the list, and of the reactor.
    pub async fn has_all(&self, names: &[String]) -> io::Result<()> {
        loop {
            let vifs = self.vifs()?;
            if names.iter().all(|name| vifs.contains(name)) {
                return Ok(());
            }
            readable(self.socket.as_fd()).await?;
            // Reports that were lost are a reason as good.
            let mut octets = [0_u8; 4096];
            while nix::sys::socket::recv(
                self.socket.as_raw_fd(),
                &mut octets,
                nix::sys::socket::MsgFlags::empty(),
            )
            .is_ok()
            {}
        }
    }

    /// How many of these interfaces are VIFs now.
    ///
    /// # Errors
    /// Errors of reading the list.
    pub fn count(&self, names: &[String]) -> io::Result<usize> {
        let vifs = self.vifs()?;
        Ok(names.iter().filter(|name| vifs.contains(*name)).count())
    }

    /// The names of the interfaces that are VIFs now. A kernel without multicast routing has none.
    fn vifs(&self) -> io::Result<BTreeSet<String>> {
        let path = format!("/proc/thread-self/net/{}", self.file);
        let list = match self.netns.run(|| fs::read_to_string(path))? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            list => list?,
        };
        // "Interface BytesIn ..." is the first line, and " 0 eth0 ..." the form of the others.
        let names = list.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1));
        Ok(names.map(str::to_owned).collect())
    }
}
