//! The scripts for a switch that snoops source lists, in both families.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use castnet::rng::Rng;
use castnet::wire::v3::{GroupRecord, RecordKind};
use castnet_lab::sim::model::bridge::{BridgeInet, Settings};

use crate::bridge::Stimulus::{self, Packet, Querier};
use crate::bridge::{OWN, PORTS, check, settings_from};
use crate::script::Steps;
use crate::{mld, packets};

use RecordKind::{Allow, Block, IsEx, IsIn, ToEx, ToIn};

/// The time until the switch snoops, in milliseconds.
const READY: u64 = 500;

/// A family in which a script is played.
pub(crate) trait Speaks: BridgeInet {
    /// The address of the switch.
    const SWITCH: Self;
    /// When a script begins, in milliseconds.
    const BEGIN: u64;
    fn group(n: u8) -> Self;
    fn source(n: u8) -> Self;
    /// A host of the link.
    fn host(n: u8) -> Self;
    fn records(from: Self, records: Vec<GroupRecord<Self>>) -> Vec<u8>;
    fn data(from: Self, to: Self, mark: u8) -> Vec<u8>;
    fn older_report(group: Self) -> Vec<u8>;
    fn older_leave(group: Self) -> Vec<u8>;
    /// An older Query that grants 0.2 s, for the group or for all.
    fn query(group: Option<Self>) -> Vec<u8>;
}

impl Speaks for Ipv4Addr {
    const SWITCH: Self = OWN;
    const BEGIN: u64 = 0;

    fn group(n: u8) -> Self {
        packets::group(n)
    }

    fn source(n: u8) -> Self {
        [192, 0, 2, n].into()
    }

    fn host(n: u8) -> Self {
        [10, 0, 0, n].into()
    }

    fn records(from: Self, records: Vec<GroupRecord<Self>>) -> Vec<u8> {
        packets::v3_records(from, records)
    }

    fn data(from: Self, to: Self, mark: u8) -> Vec<u8> {
        packets::datagram(from, to, 9, mark.into())
    }

    fn older_report(group: Self) -> Vec<u8> {
        packets::v2_report(group)
    }

    fn older_leave(group: Self) -> Vec<u8> {
        packets::leave(group)
    }

    fn query(group: Option<Self>) -> Vec<u8> {
        packets::older_query(group.unwrap_or(packets::NOBODY), 2)
    }
}

impl Speaks for Ipv6Addr {
    const SWITCH: Self = mld::BRIDGE;
    const BEGIN: u64 = mld::BEGIN;

    fn group(n: u8) -> Self {
        mld::group(n.into())
    }

    fn source(n: u8) -> Self {
        Self::new(0xfd00, 0, 0, 9, 0, 0, 0, n.into())
    }

    fn host(n: u8) -> Self {
        Self::new(0xfe80, 0, 0, 0, 0, 0, 0, n.into())
    }

    fn records(from: Self, records: Vec<GroupRecord<Self>>) -> Vec<u8> {
        mld::v2_records(from, records)
    }

    fn data(from: Self, to: Self, mark: u8) -> Vec<u8> {
        mld::datagram_from(from, to, mark)
    }

    fn older_report(group: Self) -> Vec<u8> {
        mld::v1_report(group)
    }

    fn older_leave(group: Self) -> Vec<u8> {
        mld::done(group)
    }

    fn query(group: Option<Self>) -> Vec<u8> {
        mld::v1_query(group.unwrap_or(Self::UNSPECIFIED), 200)
    }
}

/// A script, whose datagrams are numbered.
struct Script<A> {
    steps: Steps<Stimulus>,
    marks: u8,
    group: A,
}

impl<A: Speaks> Script<A> {
    /// A switch that hears a querier on port 0, and snoops.
    fn beside_a_querier() -> Self {
        Self::beginning(Packet(0, A::query(None)))
    }

    fn beginning(with: Stimulus) -> Self {
        Self { steps: vec![(A::BEGIN, with)], marks: 0, group: A::group(1) }
    }

    fn at(&mut self, ms: u64, stimulus: Stimulus) -> &mut Self {
        self.steps.push((A::BEGIN + ms, stimulus));
        self
    }

    /// A record of a host.
    fn says(
        &mut self,
        ms: u64,
        port: usize,
        host: u8,
        kind: RecordKind,
        sources: &[u8],
    ) -> &mut Self {
        let sources = sources.iter().map(|&n| A::source(n)).collect();
        let record = GroupRecord::new(kind, self.group, sources);
        self.at(ms, Packet(port, A::records(A::host(host), vec![record])))
    }

    /// A datagram of each source from port 0.
    fn data(&mut self, ms: u64, sources: &[u8]) -> &mut Self {
        for &source in sources {
            self.marks += 1;
            let datagram = A::data(A::source(source), self.group, self.marks);
            self.at(ms, Packet(0, datagram));
        }
        self
    }

    async fn play(&mut self, settings: Settings<A>, end: u64) {
        check(settings, std::mem::take(&mut self.steps), A::BEGIN + end).await;
    }
}

fn settings<A: Speaks>() -> Settings<A> {
    settings_from(A::SWITCH, 3)
}

/// Another querier is present, so that the switch asks nobody.
pub(crate) async fn come_and_go<A: Speaks>() {
    let mut settings = settings::<A>();
    settings.knobs.querier_interval = Duration::from_secs(20);
    let mut script = Script::<A>::beside_a_querier();
    script
        .says(500, 1, 9, Allow, &[1, 2])
        .data(550, &[1, 3])
        .says(600, 2, 8, ToEx, &[3])
        .data(650, &[1, 3, 4])
        // A source that is there already, and one more.
        .says(700, 1, 9, Allow, &[2, 5])
        .says(750, 1, 9, Block, &[1])
        .data(1_500, &[1, 2])
        .says(1_550, 1, 9, IsIn, &[2])
        .says(1_600, 1, 9, ToEx, &[2, 6])
        .data(1_650, &[2, 6, 7])
        .says(1_700, 1, 9, Allow, &[6])
        .says(1_750, 1, 9, IsEx, &[6, 7])
        .data(1_800, &[6, 7])
        .says(1_850, 1, 9, ToIn, &[7])
        .data(3_000, &[6, 7, 8])
        // Without any Report the rest goes by itself.
        .data(4_800, &[7]);
    script.play(settings, 5_500).await;
}

/// The switch asks about what hosts report.
pub(crate) async fn at_a_querier<A: Speaks>() {
    let mut script = Script::<A>::beginning(Querier(true));
    script
        .says(500, 0, 9, Allow, &[1, 2, 3])
        .says(550, 1, 8, IsEx, &[4])
        .says(600, 0, 9, Block, &[1, 3])
        .says(900, 0, 9, Allow, &[3])
        .data(1_500, &[1, 2, 3, 4])
        .says(1_600, 1, 8, Block, &[5])
        .says(1_650, 1, 8, ToEx, &[4, 5, 6])
        .says(2_500, 1, 8, ToIn, &[2])
        .says(3_500, 0, 9, ToIn, &[7])
        .says(4_500, 0, 9, ToEx, &[7])
        .data(4_600, &[2, 7, 8]);
    script.play(settings(), 6_500).await;
}

/// Port 2 has fast leave: who wants what behind it is known.
pub(crate) async fn fast_leave<A: Speaks>() {
    let mut settings = settings::<A>();
    settings.knobs.querier_interval = Duration::from_secs(20);
    let mut script = Script::<A>::beside_a_querier();
    script
        .says(500, 2, 9, Allow, &[1, 2])
        .says(550, 2, 8, Allow, &[2, 3])
        .says(600, 2, 9, Block, &[1, 2])
        .data(650, &[1, 2, 3])
        .says(700, 2, 8, ToIn, &[4])
        .says(750, 2, 9, ToEx, &[4, 5])
        .says(800, 2, 8, Block, &[4])
        .says(850, 2, 9, Allow, &[5])
        .says(900, 2, 8, IsEx, &[6])
        .says(950, 2, 9, ToIn, &[])
        .says(1_000, 2, 8, ToIn, &[])
        .data(1_050, &[1, 6])
        .says(1_100, 2, 9, IsIn, &[1])
        .says(1_150, 2, 8, IsEx, &[])
        .says(1_200, 2, 8, IsIn, &[])
        // A host that falls silent is forgotten.
        .says(3_300, 2, 8, Allow, &[1])
        .says(4_500, 2, 8, Block, &[1]);
    script.play(settings, 5_000).await;
}

/// Reports of older versions leave the filter mode as it is.
pub(crate) async fn older_hosts<A: Speaks>() {
    let mut settings = settings::<A>();
    settings.knobs.querier_interval = Duration::from_secs(20);
    let mut script = Script::<A>::beside_a_querier();
    let group = script.group;
    script
        .says(500, 1, 9, Allow, &[1])
        .at(550, Packet(1, A::older_report(group)))
        .data(600, &[1, 2])
        // A port that is new in EXCLUDE mode by an older Report gets no copy of the source.
        .at(650, Packet(2, A::older_report(group)))
        .data(700, &[1, 2])
        .at(750, Packet(0, A::query(Some(group))))
        .data(1_300, &[1, 2])
        .at(1_350, Packet(2, A::older_report(group)))
        .says(1_400, 1, 9, Allow, &[2])
        .data(1_450, &[1, 2, 3])
        .at(1_500, Packet(2, A::older_leave(group)));
    script.play(settings, 5_000).await;
}

/// Records of any kind, with data in between. No timer ends.
pub(crate) async fn of_any_kind<A: Speaks>() {
    const PACKETS: u64 = 220;
    const APART: u64 = 12;
    let mut settings = settings::<A>();
    let never = Duration::from_secs(200);
    settings.knobs.membership_interval = never;
    settings.knobs.last_member_interval = never;
    settings.knobs.querier_interval = never;
    let mut rng = Rng::for_node(7, "sources");
    // A delay is uniform in (0, limit], to the nanosecond.
    let mut below = move |limit: u64| -> u8 {
        (rng.delay(Duration::from_nanos(limit)).subsec_nanos() - 1) as u8
    };
    let mut script = Script::<A>::beside_a_querier();
    for n in 0..PACKETS {
        let ms = READY + n * APART;
        script.group = A::group(1 + below(2));
        let port = usize::from(below(PORTS as u64));
        let sources: Vec<u8> = (0..below(4)).map(|_| 1 + below(5)).collect();
        match below(12) {
            0..4 => {
                let source = 1 + below(6);
                script.marks += 1;
                let datagram = A::data(A::source(source), script.group, script.marks);
                script.at(ms, Packet(port, datagram));
            }
            4 => _ = script.at(ms, Packet(port, A::older_report(script.group))),
            5 => _ = script.at(ms, Packet(port, A::older_leave(script.group))),
            _ => {
                let kinds = [IsIn, IsEx, ToIn, ToEx, Allow, Block];
                let kind = kinds[usize::from(below(6))];
                let records = (0..1 + below(2)).map(|_| {
                    let sources = sources.iter().map(|&n| A::source(n)).collect();
                    GroupRecord::new(kind, script.group, sources)
                });
                let host = A::host(7 + below(3));
                let packet = A::records(host, records.collect::<Vec<_>>());
                script.at(ms, Packet(port, packet));
            }
        }
    }
    script.play(settings, READY + PACKETS * APART + 200).await;
}

/// A port keeps 32 sources of a group, none that is no source, and one that is named twice once.
pub(crate) async fn more_than_fit<A: Speaks>() {
    let mut settings = settings::<A>();
    settings.knobs.querier_interval = Duration::from_secs(20);
    let many: Vec<u8> = (1..=30).collect();
    let mut script = Script::<A>::beside_a_querier();
    let group = script.group;
    let odd = vec![A::NOBODY, group, A::source(31), A::source(31)];
    script
        .says(500, 1, 9, Allow, &many)
        .at(550, Packet(1, A::records(A::host(9), vec![GroupRecord::new(Allow, group, odd)])))
        .says(600, 1, 9, Allow, &[32, 33, 34])
        .data(650, &[1, 31, 32, 33])
        // What goes makes room only for the next Report.
        .says(700, 1, 9, IsEx, &[1, 2, 33, 34])
        .data(750, &[1, 33, 34, 40])
        .says(800, 2, 8, Allow, &[])
        .data(850, &[1]);
    script.play(settings, 1_000).await;
}

/// A port with its share of entries takes no more, and a full database ends all snooping.
pub(crate) async fn full() {
    let mut limited = settings::<Ipv4Addr>();
    limited.knobs.querier_interval = Duration::from_secs(20);
    limited.knobs.port_max_groups = 3;
    let mut script = Script::<Ipv4Addr>::beside_a_querier();
    script
        .says(500, 1, 9, Allow, &[1, 2, 3])
        .data(550, &[1, 2, 3])
        .at(600, Packet(1, packets::v2_report(packets::group(2))))
        .says(650, 2, 8, IsEx, &[])
        .data(700, &[1, 2, 3])
        .at(750, Packet(2, packets::v2_report(packets::group(2))));
    let steps = script.steps.clone();
    script.play(limited.clone(), 1_000).await;

    limited.knobs.port_max_groups = 0;
    limited.knobs.hash_max = 4;
    let mut script = Script::<Ipv4Addr> { steps, marks: 10, group: packets::group(1) };
    script
        .data(800, &[1, 9])
        .at(850, Packet(1, packets::v2_report(packets::group(3))))
        .data(900, &[1, 9])
        .at(950, Packet(1, packets::leave(packets::group(1))));
    script.play(limited, 3_500).await;
}
