//! What can be claimed: expectations as they are written.

use castnet::addr::Group;

use super::expr::{CountExpr, Expr};
use super::span::{Span, Spanned};
use crate::vocabulary::field::{FieldRow, PacketField, Value};
use crate::vocabulary::kind::PacketKind;

/// Something that must come true.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Where it stands.
    pub span: Span,
    /// The claim.
    pub claim: Claim,
}

/// What can be claimed.
#[derive(Clone, Debug)]
pub enum Claim {
    /// So many packets on a link.
    Packet(Box<PacketClaim>),
    /// Packets in this order.
    Order(OrderClaim),
    /// What reaches a receiver.
    Delivery(DeliveryClaim),
    /// What a router's forwarding cache holds.
    Mfc(Box<MfcClaim>),
    /// Who queries a link.
    Querier(QuerierClaim),
    /// Of which groups a router knows members on a link.
    Members(MembersClaim),
    /// Where a switch has seen members of a group.
    Mdb(MdbClaim),
}

/// The time in which something is counted.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its beginning; by default the start of the run.
    pub after: Option<Spanned<Expr>>,
    /// Its length; by default until the run ends.
    pub within: Option<Spanned<Expr>>,
}

/// An expectation of `packet`.
#[derive(Clone, Debug)]
pub struct PacketClaim {
    /// Which packets.
    pub filter: PacketFilter,
    /// How many.
    pub count: Spanned<CountExpr>,
    /// Time from each to the next.
    pub spacing: Option<Spanned<Expr>>,
    /// When.
    pub window: Window,
}

/// An expectation of `order`.
#[derive(Clone, Debug)]
pub struct OrderClaim {
    /// The packets, at least two, in the order in which they have to come.
    pub steps: Vec<PacketFilter>,
    /// When.
    pub window: Window,
}

/// The keys of `packet`, and of each table of `order`.
#[derive(Clone, Debug)]
pub struct PacketFilter {
    /// Where it stands.
    pub span: Span,
    /// The link.
    pub on: Spanned<String>,
    /// What kind of packet.
    pub kind: Spanned<PacketKind>,
    /// The group in the message, or that the datagram is sent to.
    pub group: Option<Spanned<Group>>,
    /// The sender.
    pub from: Option<Spanned<String>>,
    /// What its header and its message hold besides.
    pub fields: Vec<GivenField>,
}

/// A field that is asked for.
#[derive(Clone, Debug)]
pub struct GivenField {
    /// Which.
    pub row: &'static FieldRow,
    /// What it is to be.
    pub value: Spanned<Written>,
}

/// The value of a field as it is written.
#[derive(Clone, Debug)]
pub enum Written {
    /// The value.
    Value(Value),
    /// A length of time in which there may be intervals.
    Length(Expr),
}

impl PacketFilter {
    /// What is asked of the field.
    #[must_use]
    pub fn field(&self, field: PacketField) -> Option<&Spanned<Written>> {
        self.fields.iter().find(|given| given.row.field == field).map(|given| &given.value)
    }
}

/// The keys of `delivery`.
#[derive(Clone, Debug)]
pub struct DeliveryClaim {
    /// The receiver.
    pub to: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The source, if only its datagrams count.
    pub from: Option<Spanned<String>>,
    /// What is to be true of them.
    pub what: Delivered,
}

/// What can be claimed of datagrams at a receiver.
#[derive(Clone, Debug)]
pub enum Delivered {
    /// So many are received in the window.
    Received(Spanned<CountExpr>, Window),
    /// Each one that is sent in the window is received exactly once.
    ExactlyOnce(Window),
    /// Each one that reaches the receiver's interface in the window has such a TTL.
    Ttl(Spanned<CountExpr>, Window),
    /// How long it takes from a join to the first one, or from a leave to the last one.
    Latency(LatencyClaim),
    /// None reaches the receiver's interface after this time, for so long.
    NoneAfter {
        /// From when on.
        from: Spanned<Expr>,
        /// For how long; by default until the run ends.
        during: Option<Spanned<Expr>>,
    },
}

/// An expectation of `join-latency` or `leave-latency`.
#[derive(Clone, Debug)]
pub struct LatencyClaim {
    /// Whether it is that of a join, or else of a leave.
    pub is_join: bool,
    /// How long.
    pub limit: Spanned<CountExpr>,
    /// The act; by default the receiver's only one.
    pub after: Option<Spanned<String>>,
    /// Whether it counts from the Report (the Leave) on the link, and not from the act.
    pub from_wire: bool,
}

/// The keys of `mfc`.
#[derive(Clone, Debug)]
pub struct MfcClaim {
    /// The router.
    pub of: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// The source.
    pub source: Spanned<String>,
    /// When.
    pub at: Spanned<Expr>,
    /// The entry; `None` claims that there is none.
    pub present: Option<MfcPresent>,
}

/// An entry that is to be there.
#[derive(Clone, Debug)]
pub struct MfcPresent {
    /// Its interfaces.
    pub entry: Option<MfcEntryClaim>,
    /// What it has counted.
    pub counters: MfcCounters,
}

/// What a router is to have counted for an entry.
#[derive(Clone, Debug, Default)]
pub struct MfcCounters {
    /// Datagrams that met the entry.
    pub packets: Option<Spanned<CountExpr>>,
    /// Their octets.
    pub bytes: Option<Spanned<CountExpr>>,
    /// Those of them that came in on another interface.
    pub wrong_if: Option<Spanned<CountExpr>>,
}

/// The entry that a router is to have.
#[derive(Clone, Debug)]
pub struct MfcEntryClaim {
    /// The link that the flow comes in on.
    pub iif: Spanned<String>,
    /// The links that it goes out on.
    pub oifs: Spanned<Vec<Spanned<String>>>,
}

/// The keys of `querier`.
#[derive(Clone, Debug)]
pub struct QuerierClaim {
    /// The link.
    pub on: Spanned<String>,
    /// The node.
    pub is: Spanned<String>,
    /// When.
    pub when: When,
}

/// When a state is to be so.
#[derive(Clone, Debug)]
pub enum When {
    /// At that time.
    At(Spanned<Expr>),
    /// All the time.
    Throughout(Window),
}

/// The keys of `members`.
#[derive(Clone, Debug)]
pub struct MembersClaim {
    /// The router.
    pub of: Spanned<String>,
    /// The link.
    pub on: Spanned<String>,
    /// The groups, all of them.
    pub groups: Vec<Spanned<Group>>,
    /// When.
    pub at: Spanned<Expr>,
}

/// The keys of `mdb`.
#[derive(Clone, Debug)]
pub struct MdbClaim {
    /// The switch.
    pub of: Spanned<String>,
    /// The group.
    pub group: Spanned<Group>,
    /// When.
    pub at: Spanned<Expr>,
    /// The links of the ports with members; `None` claims that there is no entry.
    pub ports: Option<Spanned<Vec<Spanned<String>>>>,
}
