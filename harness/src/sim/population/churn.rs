//! Hosts that come and go at random: the times between joins and the lengths of stays are
//! exponential.
//!
//! Comparisons of uniform numbers draw an exponential time (von Neumann's way), without a
//! logarithm, whose last bit may differ between machines.

use std::time::Duration;

use castnet::rng::Rng;
use castnet::time::Instant;

use super::{CHURN, Context, Population, token};
use crate::plan::Churn;
use crate::sim::listener::of;
use crate::sim::model::host::HostInet;

/// One act of the plan at work.
pub(super) struct Churning<A> {
    group: A,
    wish: u32,
    interval: Duration,
    stay: Duration,
    until: Option<Instant>,
}

/// The bounds of a uniform number.
const ONE: Duration = Duration::from_nanos(1 << 62);

/// The number of draws for a host that is not yet a member; if all fail, no host joins this time.
const DRAWS: u32 = 64;

/// An exponential time with this mean.
fn exponential(rng: &mut Rng, mean: Duration) -> Duration {
    let mut whole = 0_u32;
    loop {
        let first = rng.delay(ONE);
        let (mut last, mut falling) = (first, 1_u32);
        loop {
            let next = rng.delay(ONE);
            if next >= last {
                break;
            }
            (last, falling) = (next, falling + 1);
        }
        // A run that falls an odd number of times gives the fraction.
        if falling % 2 == 1 {
            let fraction = (mean.as_nanos() * first.as_nanos()) >> 62;
            let fraction = Duration::from_nanos(u64::try_from(fraction).unwrap_or(u64::MAX));
            return mean.saturating_mul(whole).saturating_add(fraction);
        }
        whole += 1;
    }
}

impl<A: HostInet> Population<A> {
    pub(super) fn begin(&mut self, cx: &mut Context<'_>, churn: &Churn) -> Result<(), String> {
        let group = of(churn.group.addr())?;
        let until = churn.during.map(|during| cx.now + during);
        let (interval, stay, wish) = (churn.interval, churn.stay, self.wish(&churn.filter)?);
        self.churning.push(Churning { group, wish, interval, stay, until });
        self.plan_coming(cx, self.churning.len() - 1);
        Ok(())
    }

    /// A host comes, or a host goes.
    pub(super) fn churn(&mut self, cx: &mut Context<'_>, which: u64, host: u32) {
        let (nth, goes) = ((which / 2) as usize, which % 2 == 1);
        let Some(Churning { group, wish, stay, until, .. }) = self.churning.get(nth) else {
            return;
        };
        let (group, wish, stay) = (*group, *wish, *stay);
        if goes {
            return self.leave(cx, group, host);
        }
        if until.is_some_and(|until| cx.now >= until) {
            return;
        }
        if let Some(host) = self.draw(group) {
            self.join(cx, group, wish, host);
            let stays = exponential(&mut self.rng, stay);
            cx.remind(cx.now + stays, token(CHURN + 2 * nth as u64 + 1, host));
        }
        self.plan_coming(cx, nth);
    }

    fn plan_coming(&mut self, cx: &mut Context<'_>, nth: usize) {
        let wait = exponential(&mut self.rng, self.churning[nth].interval);
        cx.remind(cx.now + wait, token(CHURN + 2 * nth as u64, 0));
    }

    /// A random host that is no member of the group, if one is found.
    fn draw(&mut self, group: A) -> Option<u32> {
        let hosts = Duration::from_nanos(self.hosts.len() as u64);
        let members = self.groups.get(&group);
        (0..DRAWS).find_map(|_| {
            let host = self.rng.delay(hosts).as_nanos() as u32 - 1;
            members.is_none_or(|members| !members.contains(host)).then_some(host)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_times_have_their_mean_and_no_memory() {
        let (mut rng, mean) = (Rng::for_node(1, "h1"), Duration::from_secs(1));
        let drawn: Vec<f64> =
            (0..40_000).map(|_| exponential(&mut rng, mean).as_secs_f64()).collect();
        let average = drawn.iter().sum::<f64>() / drawn.len() as f64;
        assert!((0.98..1.02).contains(&average), "{average}");
        // P(T > t) = e^-t
        for (beyond, share) in [(0.5, 0.6065), (1.0, 0.3679), (3.0, 0.0498)] {
            let found = drawn.iter().filter(|time| **time > beyond).count() as f64;
            let found = found / drawn.len() as f64;
            assert!((found - share).abs() < 0.01, "{found} of them are longer than {beyond} s");
        }
    }
}
