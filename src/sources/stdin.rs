//! Standard input, to its end.

use std::io::{self, Read};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::limits;
use crate::sources::{Context, Error, Settings, Spec, Splitter, Writer};

/// The type `stdin`.
pub static SPEC: Spec = Spec { name: "stdin", keys: &[], check: |_| Vec::new(), run };

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move { copy(io::stdin(), &settings, &ctx).await }.boxed()
}

/// Hands over everything `reader` gives. A thread of its own reads, which nobody waits for: a read
/// of standard input that never returns must not keep the process from ending.
async fn copy(reader: impl Read + Send + 'static, settings: &Settings, ctx: &Context) -> Result<(), Error> {
    let (sender, mut chunks) = mpsc::channel(1);
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || read(reader, &sender))?;
    ctx.connected(&settings.name, true);
    let mut writer = Writer::new(settings, ctx);
    loop {
        tokio::select! {
            biased;
            () = ctx.stop.cancelled() => break,
            chunk = chunks.recv() => match chunk {
                Some(Ok(lines)) => writer.lines(lines).await?,
                Some(Err(error)) => {
                    writer.flush().await?;
                    return Err(error.into());
                }
                None => break,
            },
            () = writer.ready(), if !writer.is_empty() => writer.flush().await?,
        }
    }
    Ok(writer.flush().await?)
}

fn read(mut reader: impl Read, sender: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut splitter = Splitter::new(limits::BUFFER_BYTES);
    loop {
        match reader.read(splitter.spare()) {
            Ok(0) => break,
            Ok(n) => splitter.filled(n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                break;
            }
        }
        while let Some(lines) = splitter.next() {
            if sender.blocking_send(Ok(lines)).is_err() {
                return;
            }
        }
    }
    if let Some(rest) = splitter.finish() {
        let _ = sender.blocking_send(Ok(rest));
    }
}
