//! Reads what may block for as long as it likes: standard input, named pipes, devices.
//!
//! A thread of its own reads, which nobody waits for: a read that never returns must not keep the
//! process from ending.

use std::io::{self, Read};

use tokio::sync::mpsc;

use crate::limits;
use crate::sources::{Context, Error, Settings, Splitter, Writer};

/// Hands over everything that the reader opened by `open` gives.
pub async fn copy<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static, settings: &Settings, ctx: &Context) -> Result<(), Error> {
    let (sender, mut chunks) = mpsc::channel(1);
    std::thread::Builder::new().name("source".to_owned()).spawn(move || match open() {
        Ok(reader) => read(reader, &sender),
        Err(error) => drop(sender.blocking_send(Err(error))),
    })?;
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
    let end = loop {
        match reader.read(splitter.spare()) {
            Ok(0) => break None,
            Ok(n) => splitter.filled(n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(error),
        }
        while let Some(lines) = splitter.next() {
            if sender.blocking_send(Ok(lines)).is_err() {
                return;
            }
        }
    };
    for last in splitter.finish().map(Ok).into_iter().chain(end.map(Err)) {
        let _ = sender.blocking_send(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Format, Mapping};
    use crate::intake::Intake;
    use crate::lane::Compiled;
    use crate::time::ManualClock;
    use crate::topic::SourceId;
    use crossbeam::channel::unbounded;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    /// Reads given pieces, then fails or ends.
    struct Pieces(Vec<&'static str>, Option<io::ErrorKind>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return self.1.take().map_or(Ok(0), |kind| Err(kind.into()));
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(piece.as_bytes());
            Ok(piece.len())
        }
    }

    #[tokio::test]
    async fn everything_is_handed_over_to_the_end_or_the_error() {
        for end in [None, Some(io::ErrorKind::BrokenPipe)] {
            let ((lanes, buffers), (tally, _)) = (unbounded(), unbounded());
            let intake = Intake::new(Arc::new(ManualClock::default()), Arc::new(Compiled::default()), lanes, tally);
            let ctx = Context::new(intake.port(SourceId(0), 9, metrics::Counter::noop()), Arc::default(), CancellationToken::new());
            let settings = Settings::new("test", "stdin", Format { name: "escucha", mapping: Mapping::default() });
            let outcome = copy(move || Ok(Pieces(vec!["1", "2\n3", "\n", "4"], end)), &settings, &ctx).await;
            assert_eq!(outcome.is_err(), end.is_some());
            let got: Vec<u8> = buffers.try_iter().flat_map(|buffer| buffer.bytes.clone()).collect();
            assert_eq!(String::from_utf8(got).expect("text"), "12\n3\n4\n");
        }
    }
}
