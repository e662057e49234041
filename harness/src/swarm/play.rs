//! The acts and the claims of each kind of episode.

use super::episode::{Damage, Episode, Kind};
use super::names::SLACK;
use super::script::{Script, Span};
use super::stage::{HEARD, LISTEN, Place, Stage, UNSOLICITED};

impl Episode {
    /// Writes the episode; returns when it is over.
    pub(super) fn play(&self, place: &Place<'_>, script: &mut Script) -> u64 {
        let mut stage = Stage::new(self, place, script);
        let over = self.set(place, &mut stage);
        stage.stream();
        over
    }

    /// Writes every act and claim of the episode, except its stream.
    fn set(&self, place: &Place<'_>, stage: &mut Stage<'_>) -> u64 {
        let Self { start, stay, .. } = *self;
        let leave = start + stay;
        match self.kind {
            Kind::Member => {
                stage.member("a", start);
                stage.repeated("a", start);
                stage.served("a", Span(start + HEARD, leave));
                stage.leaves("a", leave, 0)
            }
            Kind::Pair => {
                let last = leave + 2 * place.params.lmqt() + 1_000;
                stage.member("a", start);
                stage.member("b", start + 500);
                stage.act("leave", "a", leave);
                stage.served("a", Span(start + HEARD, leave));
                let kept = stage.kept(!self.is_castnet, leave, last);
                stage.served("b", Span(start + 500 + HEARD, kept));
                if stage.has_sources() {
                    // Both hosts say that they leave, and say it again.
                    let count = place.params.knobs.last_member_query_count();
                    let until = leave + place.params.lmqt() + SLACK;
                    if place.params.is_checked_in_full() {
                        stage.asked(leave, until, &format!(">= {count}"));
                    }
                    return stage.leaves_if_kept("b", kept, last);
                }
                if !self.is_castnet {
                    // If two hosts of one kernel answer in the same tick, each hears the other's
                    // Report and believes that the other must send the Leave.
                    stage.act("leave", "b", last);
                    return stage.forgets(last + place.params.gmi());
                }
                // No Query if the other host reported last, so that no Leave was sent; one that is
                // answered otherwise.
                // A router with sources goes on asking, and says by the S flag that it was answered.
                let most = match place.params.has_sources() {
                    true => place.params.knobs.last_member_query_count(),
                    false => 1,
                };
                let most = format!("<= {most}");
                stage.asked(leave, leave + place.params.lmqt() + SLACK, &most);
                stage.leaves("b", last, 0)
            }
            Kind::Rejoin(away) => {
                let last = leave + away + 2 * place.params.lmqt() + 2_000;
                stage.member("a", start);
                stage.served("a", Span(start + HEARD, leave));
                stage.act("leave", "a", leave);
                stage.act("join", "a", leave + away);
                stage.served("a", Span(leave + away + SLACK, last));
                stage.leaves("a", last, 0)
            }
            Kind::Vanish => {
                stage.member("a", start);
                // The Leave comes from another host: taking down a cable would also take down the
                // router's own end.
                stage.injector();
                stage.served("a", Span(start + HEARD, leave - SLACK));
                stage.act("down", "a", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Old => {
                stage.host("a", ", speaks = \"igmp1\"");
                stage.act("join", "a", start);
                stage.injector();
                let said = start + stay / 2;
                stage.inject(said, "kind = \"leave\"");
                stage.asked(said, said + place.params.lmqt() + SLACK, "0");
                stage.served("a", Span(start + HEARD, leave));
                stage.act("leave", "a", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Hostile(damage) => {
                stage.injector();
                let damage = match damage {
                    Damage::Checksum => "good-checksum = false",
                    Damage::Truncated => "truncate = 7",
                };
                stage.inject(start, &format!("kind = \"group-report\", {damage}"));
                stage.silent(Span(start, start + LISTEN))
            }
            Kind::HostileLeave => {
                stage.member("a", start);
                stage.injector();
                let said = start + stay / 2;
                stage.inject(said, "kind = \"leave\", good-checksum = false");
                stage.asked(said, said + place.params.lmqt() + SLACK, "0");
                stage.served("a", Span(start + HEARD, leave));
                stage.leaves("a", leave.max(said + 2 * place.params.lmqt() + HEARD), 0)
            }
            Kind::LostReport => {
                stage.member("a", start);
                stage.fault("a", "report", "nth = \"1\"\ndrop = true");
                stage.served("a", Span(start + UNSOLICITED + HEARD, leave));
                stage.leaves("a", leave, 0)
            }
            Kind::LostLeave => {
                stage.member("a", start);
                stage.fault_of_leave("a", leave, "drop = true");
                stage.served("a", Span(start + HEARD, leave));
                stage.act("leave", "a", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Doubled(more) => {
                stage.member("a", start);
                stage.fault_of_leave("a", leave, &format!("duplicate = {more}"));
                stage.served("a", Span(start + HEARD, leave));
                stage.leaves("a", leave, 0)
            }
            Kind::Late(by) => {
                stage.member("a", start);
                stage.fault_of_leave("a", leave, &format!("delay = \"{by}ms\""));
                stage.served("a", Span(start + HEARD, leave));
                stage.leaves("a", leave, by)
            }
            Kind::Threshold(is_enough) => {
                stage.member("a", start);
                // A packet leaves a router only if its TTL exceeded the threshold on arrival.
                let hops = self.lan as u64 - 1;
                stage.ttl = place.params.ttl_threshold + hops + u64::from(is_enough);
                if is_enough {
                    stage.served("a", Span(start + HEARD, leave));
                } else {
                    stage.silent(Span(start, leave));
                }
                stage.act("leave", "a", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Return => {
                stage.member("a", start);
                stage.served("a", Span(start + HEARD, leave));
                stage.returned_nothing(Span(start, leave));
                stage.act("leave", "a", leave);
                leave + place.params.gmi()
            }
            Kind::Stranger => {
                stage.stranger(start);
                stage.act("leave", "a", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Crowd => {
                stage.member("a", start);
                stage.member("b", start + 300);
                stage.served("a", Span(start + HEARD, leave));
                stage.served("b", Span(start + 300 + HEARD, leave));
                stage.suppressed(Span(start + 1_500, leave));
                stage.act("leave", "a", leave);
                stage.act("leave", "b", leave);
                stage.forgets(leave + place.params.gmi())
            }
            Kind::Sources(wish) => stage.wish(wish, start, leave),
            Kind::Table(rows) => stage.table(&rows, start),
            Kind::Limit => stage.limit(start),
        }
    }
}
