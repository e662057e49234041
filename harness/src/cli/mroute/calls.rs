//! The system calls of the shell in words, as a manual page writes them.
//!
//! Owns the names of linux/mroute.h and linux/mroute6.h; makes no call itself.

use std::fmt::Display;

use castnet::addr::Family;
use castnet::kernel::Flush;
use castnet::mfc::entry::{Flow, MfcEntry};
use castnet::mfc::vif::Vif;

/// The names of a family.
#[derive(Clone, Copy)]
pub(super) struct Calls(pub(super) Family);

impl Calls {
    fn set(self, [v4, v6]: [&str; 2], value: impl Display) -> String {
        match self.0 {
            Family::V4 => format!("setsockopt(fd, IPPROTO_IP, {v4}, {value})"),
            Family::V6 => format!("setsockopt(fd, IPPROTO_IPV6, {v6}, {value})"),
        }
    }

    pub(super) fn socket(self) -> String {
        let kind = "SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK";
        match self.0 {
            Family::V4 => format!("socket(AF_INET, {kind}, IPPROTO_IGMP)"),
            Family::V6 => format!("socket(AF_INET6, {kind}, IPPROTO_ICMPV6)"),
        }
    }

    pub(super) fn table(self, table: u32) -> String {
        self.set(["MRT_TABLE", "MRT6_TABLE"], table)
    }

    pub(super) fn init(self) -> String {
        self.set(["MRT_INIT", "MRT6_INIT"], 1)
    }

    pub(super) fn done(self) -> String {
        self.set(["MRT_DONE", "MRT6_DONE"], 1)
    }

    pub(super) fn version(self) -> String {
        match self.0 {
            Family::V4 => "getsockopt(fd, IPPROTO_IP, MRT_VERSION)".to_owned(),
            Family::V6 => "getsockopt(fd, IPPROTO_IPV6, MRT6_VERSION)".to_owned(),
        }
    }

    pub(super) fn pim(self, on: bool) -> String {
        self.set(["MRT_PIM", "MRT6_PIM"], u8::from(on))
    }

    pub(super) fn assert(self, on: bool) -> String {
        self.set(["MRT_ASSERT", "MRT6_ASSERT"], u8::from(on))
    }

    pub(super) fn flush(self, parts: Flush) -> String {
        let Flush { entries, static_entries, vifs, static_vifs } = parts;
        let parts = [
            (entries, ["MRT_FLUSH_MFC", "MRT6_FLUSH_MFC"]),
            (static_entries, ["MRT_FLUSH_MFC_STATIC", "MRT6_FLUSH_MFC_STATIC"]),
            (vifs, ["MRT_FLUSH_VIFS", "MRT6_FLUSH_MIFS"]),
            (static_vifs, ["MRT_FLUSH_VIFS_STATIC", "MRT6_FLUSH_MIFS_STATIC"]),
        ];
        let meant = parts.iter().filter(|(is_meant, _)| *is_meant);
        let names = meant.map(|(_, [v4, v6])| if self.0 == Family::V4 { *v4 } else { *v6 });
        self.set(["MRT_FLUSH", "MRT6_FLUSH"], names.collect::<Vec<_>>().join(" | "))
    }

    pub(super) fn add_vif(self, vif: Vif, ifindex: u32, threshold: u8) -> String {
        let vif = vif.index();
        let value = match self.0 {
            Family::V4 => format!(
                "{{vifc_vifi={vif}, vifc_flags=VIFF_USE_IFINDEX, vifc_threshold={threshold}, \
                 vifc_rate_limit=0, vifc_lcl_ifindex={ifindex}}}"
            ),
            Family::V6 => format!(
                "{{mif6c_mifi={vif}, mif6c_flags=0, vifc_threshold=1, mif6c_pifi={ifindex}, \
                 vifc_rate_limit=0}}"
            ),
        };
        self.set(["MRT_ADD_VIF", "MRT6_ADD_MIF"], value)
    }

    pub(super) fn delete_vif(self, vif: Vif) -> String {
        let vif = vif.index();
        match self.0 {
            Family::V4 => self.set(["MRT_DEL_VIF", ""], format!("{{vifc_vifi={vif}}}")),
            Family::V6 => self.set(["", "MRT6_DEL_MIF"], vif),
        }
    }

    pub(super) fn add_mfc(self, entry: &MfcEntry) -> String {
        let MfcEntry { flow: Flow { source, group }, iif, oifs } = entry;
        let iif = iif.index();
        let value = match self.0 {
            Family::V4 => {
                let ttls =
                    oifs.iter().map(|(vif, ttl)| format!("[{}]={}", vif.index(), ttl.max(&1)));
                format!(
                    "{{mfcc_origin={source}, mfcc_mcastgrp={group}, mfcc_parent={iif}, mfcc_ttls={{{}}}}}",
                    ttls.collect::<Vec<_>>().join(", ")
                )
            }
            Family::V6 => {
                let set = oifs.keys().map(|vif| vif.index().to_string());
                format!(
                    "{{mf6cc_origin={source}, mf6cc_mcastgrp={group}, mf6cc_parent={iif}, mf6cc_ifset={{{}}}}}",
                    set.collect::<Vec<_>>().join(", ")
                )
            }
        };
        self.set(["MRT_ADD_MFC", "MRT6_ADD_MFC"], value)
    }

    pub(super) fn delete_mfc(self, Flow { source, group }: Flow) -> String {
        let value = match self.0 {
            Family::V4 => format!("{{mfcc_origin={source}, mfcc_mcastgrp={group}}}"),
            Family::V6 => format!("{{mf6cc_origin={source}, mf6cc_mcastgrp={group}}}"),
        };
        self.set(["MRT_DEL_MFC", "MRT6_DEL_MFC"], value)
    }

    pub(super) fn flow_counters(self, Flow { source, group }: Flow) -> String {
        match self.0 {
            Family::V4 => format!("ioctl(fd, SIOCGETSGCNT, {{src={source}, grp={group}}})"),
            Family::V6 => format!("ioctl(fd, SIOCGETSGCNT_IN6, {{src={source}, grp={group}}})"),
        }
    }

    pub(super) fn vif_counters(self, vif: Vif) -> String {
        let vif = vif.index();
        match self.0 {
            Family::V4 => format!("ioctl(fd, SIOCGETVIFCNT, {{vifi={vif}}})"),
            Family::V6 => format!("ioctl(fd, SIOCGETMIFCNT_IN6, {{mifi={vif}}})"),
        }
    }

    pub(super) fn member(
        self,
        joins: bool,
        ifindex: u32,
        group: impl Display,
        source: Option<impl Display>,
    ) -> String {
        let level = if self.0 == Family::V4 { "IPPROTO_IP" } else { "IPPROTO_IPV6" };
        let verb = if joins { "JOIN" } else { "LEAVE" };
        match source {
            None => format!(
                "setsockopt(fd, {level}, MCAST_{verb}_GROUP, {{gr_interface={ifindex}, gr_group={group}}})"
            ),
            Some(source) => format!(
                "setsockopt(fd, {level}, MCAST_{verb}_SOURCE_GROUP, {{gsr_interface={ifindex}, \
                 gsr_group={group}, gsr_source={source}}})"
            ),
        }
    }
}
