//! The keeper: a thousand datagrams a second in each family, while the daemon is killed, configured anew
//! and exchanged.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use castnet::addr::Family;
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::SockRef;

use crate::rig::{R1, Rig, SOURCE, UP, config};
use crate::serving::Castnetd;
use crate::{FAMILIES, QUICK, group};

const PORT: u16 = 5001;
/// How many datagrams may wait at the member: those of some seconds.
const ROOM: usize = 16 << 20;
/// Numbers that no datagram of a stream has: one sent before it, and the wish that it ends.
const PROBE: u32 = u32::MAX;
const STOP: u32 = u32::MAX - 1;
/// How often the daemon is killed; `CASTNET_KILLS` says otherwise.
const KILLS: usize = 5;

/// A source that numbers its datagrams, and a member that counts them.
pub(crate) struct Stream {
    /// The number of the last datagram, once it is known; until then as many as there may be.
    ends: Arc<AtomicU32>,
    source: JoinHandle<std::io::Result<()>>,
    member: JoinHandle<std::io::Result<Vec<u32>>>,
}

impl Stream {
    /// Begins once the member has had a datagram, which may have come late, or not at all.
    pub(crate) fn start(rig: &Rig, family: Family) -> Result<Self, Failed> {
        let group = group(family, 9);
        let member = rig.join(group)?;
        let any: IpAddr = match family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        };
        SockRef::from(&member).bind(&SocketAddr::new(any, PORT).into())?;
        if setsockopt(&member, sockopt::RcvBufForce, &ROOM).is_err() {
            SockRef::from(&member).set_recv_buffer_size(ROOM)?;
        }
        let (from, to) = (rig.socket(SOURCE, UP, family)?, SocketAddr::new(group, PORT));
        member.set_read_timeout(Some(Duration::from_millis(20)))?;
        let comes = || {
            from.send_to(&PROBE.to_be_bytes(), to)?;
            std::io::Result::Ok(member.recv(&mut [0; 4]).is_ok())
        };
        let mut tries = (0..1000).map(|_| comes()).filter(|came| !matches!(came, Ok(false)));
        tries.next().ok_or_else(|| format!("{family}: no datagram came"))??;
        member.set_read_timeout(Some(Duration::from_secs(5)))?;
        let ends = Arc::new(AtomicU32::new(PROBE));
        let source = std::thread::spawn({
            let ends = Arc::clone(&ends);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            let paced = async move {
                // A tick that was missed is made up for.
                let mut pace = tokio::time::interval(Duration::from_millis(1));
                for number in 0_u32.. {
                    pace.tick().await;
                    if ends
                        .compare_exchange(STOP, number, Ordering::SeqCst, Ordering::SeqCst)
                        .is_ok()
                    {
                        from.send_to(&number.to_be_bytes(), to)?;
                        break;
                    }
                    from.send_to(&number.to_be_bytes(), to)?;
                }
                Ok(())
            };
            move || runtime.block_on(paced)
        });
        let last = Arc::clone(&ends);
        let member = std::thread::spawn(move || {
            let (mut came, mut octets) = (Vec::new(), [0; 4]);
            loop {
                match member.recv(&mut octets) {
                    Ok(_) => came.push(u32::from_be_bytes(octets)),
                    Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(came),
                    Err(why) => return Err(why),
                }
                if came.last() == Some(&last.load(Ordering::SeqCst)) && came.last() != Some(&PROBE)
                {
                    return Ok(came);
                }
            }
        });
        Ok(Self { ends, source, member })
    }

    /// Stops it: how many datagrams were sent, how many of them never came, and how many came again.
    pub(crate) fn end(self) -> Result<(usize, usize, usize), Failed> {
        self.ends.store(STOP, Ordering::SeqCst);
        self.source.join().map_err(|_| "the source has panicked")??;
        let came = self.member.join().map_err(|_| "the member has panicked")??;
        let sent = self.ends.load(Ordering::SeqCst) as usize + 1;
        let mut times = vec![0; sent];
        for number in came {
            times.get_mut(number as usize).into_iter().for_each(|n| *n += 1);
        }
        let count = |wanted: fn(&u32) -> bool| times.iter().filter(|n| wanted(n)).count();
        Ok((sent, count(|&n| n == 0), count(|&n| n > 1)))
    }

    /// Stops all, and has nothing lost and nothing doubled.
    pub(crate) fn all_came(streams: Vec<Self>, log: &str) -> Result<(), Failed> {
        for (stream, family) in streams.into_iter().zip(FAMILIES) {
            let (sent, lost, doubled) = stream.end()?;
            eprintln!("{family}: {sent} sent, {lost} lost, {doubled} doubled");
            if sent < 100 || (lost, doubled) != (0, 0) {
                let what = format!("of {sent} datagrams {lost} are lost and {doubled} came twice");
                return Err(format!("{family}: {what}:\n{log}").into());
            }
        }
        Ok(())
    }
}

/// A time below `most` that no run has had before.
fn random(most: Duration) -> Duration {
    let hash = RandomState::new().hash_one(0) % 1_000_000;
    most.mul_f64(hash as f64 / 1e6)
}

/// Twenty reloads, an upgrade, and a daemon that is killed at any moment of its life lose and double
/// nothing. With the keeper's end the kernel forgets everything.
pub(crate) async fn keeper() -> Result<(), Failed> {
    let rig = Rig::new().await?;
    let path = config("keeper", QUICK);
    let mut castnetd = Castnetd::kept(&rig.netns[R1], &path)?;
    let mut daemon = castnetd.serving().await?;
    castnetd.says(&["multicast between"]).await?;
    let streams = FAMILIES.map(|family| Stream::start(&rig, family));
    let streams = streams.into_iter().collect::<Result<Vec<_>, _>>()?;
    for round in 0..20 {
        let interfaces = ["{ name = 'lan' }, { name = 'up' }", "{ name = 'up' }, { name = 'lan' }"];
        config("keeper", &QUICK.replace(interfaces[1], interfaces[round % 2]));
        castnetd.hang_up()?;
        castnetd.says(&["INFO", "configured anew"]).await?;
    }
    let kills = std::env::var("CASTNET_KILLS").ok().and_then(|kills| kills.parse().ok());
    for _ in 0..kills.unwrap_or(KILLS) {
        // A start takes some 20 ms: some of them are killed while they adopt the sockets.
        tokio::time::sleep(random(Duration::from_millis(400))).await;
        kill(daemon, Signal::SIGKILL)?;
        daemon = castnetd.serving().await?;
    }
    castnetd.says(&["multicast between"]).await?;
    kill(castnetd.pid()?, Signal::SIGUSR2)?;
    daemon = castnetd.serving().await?;
    castnetd.says(&["multicast between"]).await?;
    Stream::all_came(streams, &castnetd.heard)?;
    let status = std::fs::read_to_string(format!("/proc/{daemon}/status"))?;
    assert!(status.contains("CapPrm:\t0000000000000000"), "{status}");
    let (code, heard) = castnetd.end().await?;
    assert_eq!(code, Some(0), "{heard}");
    let left = || std::fs::read_to_string("/proc/thread-self/net/ip_mr_vif");
    assert_eq!(rig.netns[R1].run(left)??.lines().count(), 1, "the kernel has forgotten it all");
    Ok(())
}

/// Daemons that die lose nothing of a table whose numbers the kernel does not show. Its interfaces have other
/// numbers than their order in the file says.
pub(crate) async fn other_table() -> Result<(), Failed> {
    let rig = Rig::new().await?;
    for words in ["mrule add lookup 7", "-6 mrule add lookup 7"] {
        let ip = || std::process::Command::new("ip").args(words.split(' ')).status();
        assert!(rig.netns[R1].run(ip)??.success(), "ip {words}");
    }
    let both = format!("table = 7\n{QUICK}");
    let path = config("keeper-table", &both.replace("{ name = 'up' }, ", ""));
    let mut castnetd = Castnetd::kept(&rig.netns[R1], &path)?;
    let mut daemon = castnetd.serving().await?;
    castnetd.says(&["multicast between"]).await?;
    config("keeper-table", &both);
    castnetd.hang_up()?;
    castnetd.says(&["INFO", "configured anew"]).await?;
    let streams = FAMILIES.map(|family| Stream::start(&rig, family));
    let streams = streams.into_iter().collect::<Result<Vec<_>, _>>()?;
    for _ in 0..KILLS {
        tokio::time::sleep(random(Duration::from_millis(400))).await;
        kill(daemon, Signal::SIGKILL)?;
        daemon = castnetd.serving().await?;
    }
    castnetd.says(&["IPv4: 2 interfaces and", "are inherited"]).await?;
    castnetd.says(&["IPv6: 2 interfaces and", "are inherited"]).await?;
    castnetd.says(&["multicast between"]).await?;
    Stream::all_came(streams, &castnetd.heard)?;
    let (code, heard) = castnetd.end().await?;
    assert_eq!(code, Some(0), "{heard}");
    Ok(())
}
