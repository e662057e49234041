//! The request that a run end at once, made from outside of it.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by the code that asks for the end and by every run that obeys; a request is permanent.
#[derive(Clone, Debug)]
pub struct Cancel {
    wished: Arc<watch::Sender<bool>>,
}

impl Cancel {
    /// No request yet.
    #[must_use]
    pub fn new() -> Self {
        Self { wished: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends every run that holds a copy, and any that would start.
    pub fn cancel(&self) {
        self.wished.send_replace(true);
    }

    /// Whether [`Self::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.wished.borrow()
    }

    /// Returns once [`Self::cancel`] was called.
    pub async fn cancelled(&self) {
        // The wait fails only without a sender, and `self` is one.
        _ = self.wished.subscribe().wait_for(|wished| *wished).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
