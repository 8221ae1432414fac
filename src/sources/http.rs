//! Posts pushed to `POST /v1/posts`: the endpoint stands in the HTTP server, the source gives it a
//! name, a format and a port.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::sources::{Context, Error, Settings, Spec};

/// The type `http`.
pub static SPEC: Spec = Spec { name: "http", keys: &[], check: |_| Vec::new(), run };

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move {
        ctx.connected(&settings.name, true);
        ctx.stop.cancelled().await;
        Ok(())
    }
    .boxed()
}
