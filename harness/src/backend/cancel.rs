//! The wish that a run end at once, told from outside of it.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by whoever wishes and every run that obeys; once wished, it stays so.
#[derive(Clone, Debug)]
pub struct Cancel {
    wished: Arc<watch::Sender<bool>>,
}

impl Cancel {
    /// Nobody has wished it yet.
    #[must_use]
    pub fn new() -> Self {
        Self { wished: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends every run that holds a copy, and any that would start.
    pub fn cancel(&self) {
        self.wished.send_replace(true);
    }

    /// Whether it has been wished.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.wished.borrow()
    }

    /// Returns once it has been wished.
    pub async fn cancelled(&self) {
        // It can only fail without a sender, and this is one.
        _ = self.wished.subscribe().wait_for(|wished| *wished).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
