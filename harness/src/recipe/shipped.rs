//! The recipes that castnet ships.

use super::Recipe;

macro_rules! devices {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../devices/", $name, ".toml")))),*]
    };
}

/// The text of each, by its name.
static SHIPPED: [(&str, &str); 6] =
    devices!["castnet-smcrouted", "castnetd", "frr", "igmpproxy", "pimd", "smcroute"];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The recipe with this name.
///
/// # Errors
/// Errors of [`Recipe::read`], which no shipped one has.
#[must_use]
pub fn shipped(name: &str) -> Option<Result<Recipe, String>> {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    Some(Recipe::read(text))
}
