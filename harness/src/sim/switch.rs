//! A switch: the model of Linux's bridge comes later; until then the backend refuses plans with one.

use super::actor::{Actor, Cx};
use crate::plan::Action;

pub(super) struct Switch;

impl Actor for Switch {
    fn act(&mut self, _cx: &mut Cx<'_>, _action: &Action) -> Result<(), String> {
        Err("a switch has no such act".to_owned())
    }
}
