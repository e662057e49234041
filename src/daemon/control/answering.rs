//! What is done for each request, and its answer.

use super::*;

impl Control {
    /// Answers a request. `load` reads the configuration again. Returns what the log should say of it.
    pub fn answer<F: FnMut(Instant, Event)>(
        &mut self,
        asked: Asked,
        service: &mut Service<F>,
        load: impl FnOnce() -> Result<Loaded, String>,
    ) -> Option<String> {
        let (before, mut line) = (Moment::now(), None);
        let answered = match asked.0 {
            Work::Request { client, id, ask } => {
                let result = self.carry_out((client, id), ask, service, load);
                result.map(|result| ((client, id), result))
            }
            Work::Explain => self.watched.take().map(|(watch, of, _)| {
                let journal = self.journal.borrow();
                let found = watch.end(service, self.sampler.as_ref(), &journal);
                (of, Ok(Answer::Explanation(found)))
            }),
            Work::GoBack => {
                line = self.go_back(service);
                None
            }
            Work::Scrape(number) => {
                let text = metrics::text(service, &self.journal.borrow());
                if let Some(scraper) = &mut self.scraper {
                    scraper.answer(number, &text);
                }
                None
            }
        };
        if let Some(((client, id), result)) = answered
            && let Some(client) = self.client(client)
        {
            client.answer(id, result);
        }
        let now = Moment::now();
        self.free = now + (now - before).max(PACE);
        line
    }

    /// Does what is asked; `None` if the answer comes later.
    fn carry_out<F: FnMut(Instant, Event)>(
        &mut self,
        (client, id): (u64, u64),
        ask: Ask,
        service: &mut Service<F>,
        load: impl FnOnce() -> Result<Loaded, String>,
    ) -> Option<Result<Answer, Refusal>> {
        Some(match ask {
            Ask::Monitor { topics } => {
                if let Some(client) = self.client(client) {
                    client.monitor(id, topics);
                }
                self.hears();
                Ok(Answer::Ok)
            }
            Ask::Show(what) => self.show(what, service),
            Ask::Change(changes) => self.change(service, changes),
            Ask::Flush => {
                service.flush();
                Ok(Answer::Ok)
            }
            Ask::Reload => {
                self.reload(service, load).map(|()| Answer::Ok).map_err(|why| kept(&why))
            }
            Ask::Trial { within_s } => self.try_out(service, load, within_s),
            Ask::Confirm => self.confirm(),
            Ask::Diff => match load() {
                Ok((text, _)) => {
                    let Config { path, text: running, changes, .. } = &self.config;
                    Ok(Answer::Diff(differing::between(path, (running, changes), &text)))
                }
                Err(why) => Err(Refusal::new(Kind::Wrong, why)),
            },
            Ask::Explain { .. } if self.watched.is_some() => {
                Err(Refusal::new(Kind::Busy, "another flow is being explained; ask again"))
            }
            Ask::Explain { source, group, look_ms } => {
                let until = Moment::now() + Duration::from_millis(look_ms.min(LONGEST_LOOK_MS));
                let watch = Watch::begin((source, group), service, self.sampler.as_ref());
                self.watched = Some((watch, (client, id), until));
                return None;
            }
            Ask::Metrics => {
                let text = metrics::text(service, &self.journal.borrow());
                Ok(Answer::Metrics { text })
            }
        })
    }

    fn client(&mut self, number: u64) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.number == number)
    }

    fn show<F: FnMut(Instant, Event)>(
        &self,
        what: What,
        service: &Service<F>,
    ) -> Result<Answer, Refusal> {
        Ok(match what {
            What::Routes { source, group } => Answer::Routes(look::routes(service, source, group)),
            What::Groups { interface } => {
                let served = &service.served().names;
                if let Some(name) = interface.as_ref().filter(|name| !served.contains(name)) {
                    return Err(Refusal::new(Kind::NotThere, format!("{name} is not served")));
                }
                Answer::Groups(look::groups(service, interface.as_deref()))
            }
            What::Interfaces => Answer::Interfaces(look::interfaces(service)),
            What::Neighbours => Answer::Neighbours(pim::neighbours(service)),
            What::Joins { group } => Answer::Joins(pim::joins(service, group)),
            What::Rps { group } => Answer::Rps(pim::rps(service, group)),
            What::Config => Answer::Config(self.config_now()),
            What::Log => {
                let lines = self.journal.borrow().lines(service.daemon().now());
                Answer::Log(Log { lines })
            }
        })
    }

    fn change<F: FnMut(Instant, Event)>(
        &mut self,
        service: &mut Service<F>,
        changes: Vec<Change>,
    ) -> Result<Answer, Refusal> {
        let file = act::changed(service.file(), &changes)?;
        service.reload(file).map_err(|why| Refusal::new(Kind::Wrong, why.to_string()))?;
        self.config.changes.extend(changes);
        Ok(Answer::Ok)
    }

    /// Reads the configuration again and takes it for good, as a whole or not at all. What requests have changed
    /// goes with the old one.
    ///
    /// # Errors
    /// Why it is not taken, in words.
    pub fn reload<F: FnMut(Instant, Event)>(
        &mut self,
        service: &mut Service<F>,
        load: impl FnOnce() -> Result<Loaded, String>,
    ) -> Result<(), String> {
        let path = &self.config.path;
        let taken = load().and_then(|(text, file)| {
            service.reload(file).map_err(|why| format!("{path}: {why}"))?;
            Ok(text)
        });
        self.journal.borrow_mut().reloaded(taken.is_ok());
        let now = service.daemon().now();
        match taken {
            Ok(text) => {
                self.trial = None;
                (self.config.text, self.config.changes) = (text, Vec::new());
                self.journal.borrow_mut().line(now, Level::Info, "configured anew");
                Ok(())
            }
            Err(why) => {
                let line = format!("{why}; the old configuration stays in force");
                self.journal.borrow_mut().line(now, Level::Error, &line);
                Err(why)
            }
        }
    }
}

/// The refusal of another configuration.
pub(super) fn kept(why: &str) -> Refusal {
    Refusal::new(Kind::Wrong, format!("{why}; the old configuration stays in force"))
}
