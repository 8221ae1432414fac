//! Reads the cut-over from replay to live once more.
//!
//! A version 1 server may drop or reorder events at the moment it stops replaying and goes live. So
//! when a resumed connection has gone live, a second one is opened a little later, from before that
//! moment until after it, while the first is live and complete; what the first had is dropped as
//! overlap.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::endpoint::{Endpoint, Version};
use super::event;
use super::socket::{Dictionary, Incoming, Socket};
use crate::sources::{Error, Timing};
use crate::time::Clock;

/// How often a mend that failed is tried again.
const ATTEMPTS: usize = 3;
/// Messages on their way to the source.
const QUEUE: usize = 256;

/// Where to mend, and all it takes to connect.
pub struct Plan {
    pub endpoint: Endpoint,
    pub dictionary: Option<Dictionary>,
    pub timing: Timing,
    pub clock: Arc<dyn Clock>,
    /// From here ...
    pub from: u64,
    /// ... to the first event after this.
    pub until: u64,
}

/// A mend under way; dropping it ends it.
pub struct Mend {
    messages: mpsc::Receiver<Bytes>,
    _task: AbortOnDropHandle<()>,
}

impl Mend {
    /// Starts to mend.
    pub fn start(plan: Plan) -> Mend {
        let (sender, messages) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            for attempt in 0..ATTEMPTS {
                sleep(plan.timing.mend).await;
                match plan.read(&sender).await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(attempt, %error, "the cut-over could not be read once more"),
                }
            }
        });
        Mend { messages, _task: AbortOnDropHandle::new(task) }
    }

    /// The next message; `None` once mended. Safe to cancel.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.messages.recv().await
    }
}

impl Plan {
    async fn read(&self, sender: &mpsc::Sender<Bytes>) -> Result<(), Error> {
        let request = self.endpoint.request(Some(self.from), self.dictionary.as_ref().map(|d| d.id))?;
        let mut socket = Socket::open(request, self.endpoint.tls, self.dictionary.as_ref(), &self.timing, &*self.clock).await?;
        // A stream without an event for so long has nothing more to say about the past.
        let patience = self.timing.mend;
        while let Ok(incoming) = timeout(patience, socket.next()).await {
            let Incoming::Data(message) = incoming? else { continue };
            let passed = event::read(Version::V1, &message).is_some_and(|event| event.position > self.until);
            if passed || sender.send(message).await.is_err() {
                break;
            }
        }
        socket.close(patience).await;
        Ok(())
    }
}
