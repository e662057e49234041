//! A configuration on trial: it is in force until it is confirmed, or the one before it is again.
//!
//! Whoever cuts off the line by which he reached the machine cannot confirm. A reload without a trial, and
//! SIGHUP, take the file for good.

use super::answering::kept;
use super::*;

/// The configuration to go back to.
pub(super) struct Trial {
    /// When it is in force again.
    pub(super) until: Moment,
    shown: Config,
    file: ConfigFile,
}

impl Control {
    /// Reads the configuration again and takes it, for so long unless it is confirmed.
    pub(super) fn try_out<F: FnMut(Instant, Event)>(
        &mut self,
        service: &mut Service<F>,
        load: impl FnOnce() -> Result<Loaded, String>,
        within_s: u64,
    ) -> Result<Answer, Refusal> {
        if !(1..=LONGEST_TRIAL_S).contains(&within_s) {
            let why = format!("a configuration is tried out for 1 to {LONGEST_TRIAL_S} seconds");
            return Err(Refusal::new(Kind::Wrong, why));
        }
        // A second trial within the first one goes back as far as that.
        let earlier = self.trial.take();
        let before = (self.config.clone(), service.file().clone());
        match self.reload(service, load) {
            Ok(()) => {
                let until = Moment::now() + Duration::from_secs(within_s);
                let (shown, file) = earlier.map_or(before, |trial| (trial.shown, trial.file));
                self.trial = Some(Trial { until, shown, file });
                Ok(Answer::Ok)
            }
            Err(why) => {
                self.trial = earlier;
                Err(kept(&why))
            }
        }
    }

    /// The configuration in force stays.
    pub(super) fn confirm(&mut self) -> Result<Answer, Refusal> {
        match self.trial.take() {
            Some(_) => Ok(Answer::Ok),
            None => Err(Refusal::new(Kind::NotThere, "no configuration is on trial")),
        }
    }

    /// Nobody has confirmed: returns what the log should say.
    pub(super) fn go_back<F: FnMut(Instant, Event)>(
        &mut self,
        service: &mut Service<F>,
    ) -> Option<String> {
        let Trial { shown, file, .. } = self.trial.take()?;
        Some(match service.reload(file) {
            Ok(()) => {
                self.config = shown;
                "nobody has confirmed the configuration: the one before it is in force again"
                    .to_owned()
            }
            Err(why) => format!("the configuration before the one on trial cannot be taken: {why}"),
        })
    }

    /// The configuration in force, as it is shown.
    pub(super) fn config_now(&self) -> Config {
        let left = self.trial.as_ref().map(|trial| trial.until - Moment::now());
        Config { trial_s: left.map(|left| left.as_secs_f64()), ..self.config.clone() }
    }
}
