//! Standard input, to its end.

use std::io;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::sources::{Context, Error, Settings, Spec, pipe};

/// The type `stdin`.
pub static SPEC: Spec = Spec { name: "stdin", keys: &[], check: |_| Vec::new(), run };

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move { pipe::copy(|| Ok(io::stdin()), &settings, &ctx).await }.boxed()
}
