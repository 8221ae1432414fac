//! The Bluesky network over Jetstream.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::sources::{Context, Error, Settings, Spec};

/// The type `jetstream`.
pub static SPEC: Spec = Spec { name: "jetstream", keys: &["endpoint", "collections", "dictionary", "cursor"], check: |_| Vec::new(), run };

fn run(_settings: Settings, _ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move { Err(Error::Settings("not yet".to_owned())) }.boxed()
}
