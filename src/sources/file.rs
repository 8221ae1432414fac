//! A file of lines, plain or compressed, read once or followed as `tail -F` does.
//!
//! A followed file is read from its beginning. It may not exist yet, be replaced (renamed away and
//! created anew) or be cut: what the old file still gets until the next look is read too.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;

use crate::bilingual::Both;
use crate::limits;
use crate::sources::input::{self, Input};
use crate::sources::{Context, Cursor, Error, Settings, Spec, Splitter, Writer, pipe};

/// The type `file`.
pub static SPEC: Spec = Spec { name: "file", keys: &["path", "follow"], check, run };

fn check(settings: &Settings) -> Vec<Both> {
    let mut problems = Vec::new();
    if settings.path.as_os_str().is_empty() {
        problems.push(Both::new("falta `path`: el archivo que se lee", "`path` is missing: the file to read"));
    }
    if settings.follow && input::is_compressed(&settings.path) {
        problems.push(Both::new(
            "un archivo comprimido no se puede seguir: quita `follow`",
            "a compressed file cannot be followed: remove `follow`",
        ));
    }
    problems
}

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move {
        let mut writer = Writer::new(&settings, &ctx);
        if settings.follow {
            return follow(&settings, &ctx, &mut writer).await;
        }
        if tokio::fs::metadata(&settings.path).await.is_ok_and(|metadata| !metadata.is_file()) {
            let path = settings.path.clone();
            return pipe::copy(move || Input::open(&path), &settings, &ctx).await;
        }
        once(&settings, &ctx, &mut writer).await
    }
    .boxed()
}

/// Reads the file to its end.
async fn once(settings: &Settings, ctx: &Context, writer: &mut Writer) -> Result<(), Error> {
    let failed = |error| Error::File(settings.path.display().to_string(), error);
    let (path, resume) = (settings.path.clone(), ctx.board.get(&settings.name).cursor);
    let (mut reading, identity) = blocking(move || Reading::open(&path, resume)).await.map_err(failed)?;
    ctx.connected(&settings.name, true);
    loop {
        if ctx.stop.is_cancelled() {
            // The line that has begun is no line yet.
            return Ok(writer.flush().await?);
        }
        let step;
        (reading, step) = reading.step().await.map_err(failed)?;
        match step {
            Step::Lines(lines) => {
                writer.lines(lines).await?;
                writer.cursor(Cursor::File { identity, offset: reading.offset() });
            }
            Step::More => {}
            Step::End => break,
            // What could be read was; reading it again would only count it again.
            Step::Failed(error) => {
                tracing::error!(source = settings.name, path = %settings.path.display(), %error, "file cannot be read to its end");
                ctx.board.update(&settings.name, |state| state.problem = Some(error.to_string()));
                break;
            }
        }
    }
    if let Some(rest) = reading.splitter.finish() {
        writer.lines(rest).await?;
        writer.cursor(Cursor::File { identity, offset: reading.read });
    }
    Ok(writer.flush().await?)
}

/// Reads the file and whatever takes its place, until the stop.
async fn follow(settings: &Settings, ctx: &Context, writer: &mut Writer) -> Result<(), Error> {
    let failed = |error| Error::File(settings.path.display().to_string(), error);
    let mut current: Option<Followed> = None;
    // After an error the same file goes on behind the last line that was handed over.
    let mut resume = ctx.board.get(&settings.name).cursor;
    loop {
        if current.is_none() {
            current = Followed::open(&settings.path, resume).await.map_err(failed)?;
            resume = resume.filter(|_| current.is_none());
            ctx.connected(&settings.name, current.is_some());
        }
        if let Some(followed) = current.take() {
            current = followed.read_on(&settings.path, ctx, writer).await?.map_err(failed)?;
            if current.is_none() && !ctx.stop.is_cancelled() {
                continue;
            }
        }
        writer.flush().await?;
        tokio::select! {
            () = ctx.stop.cancelled() => break,
            () = tokio::time::sleep(ctx.timing.poll) => {}
        }
    }
    // A line that has begun is no line yet; the file keeps it.
    Ok(writer.flush().await?)
}

/// The file that a followed path stood for when it was opened.
struct Followed {
    reading: Reading,
    /// Device and inode.
    identity: (u64, u64),
    /// The path stands for another file by now: the next end is the last.
    replaced: bool,
}

impl Followed {
    /// Opens `path`, at `resume` if that is a place in this very file; `None` while there is nothing.
    async fn open(path: &Path, resume: Option<Cursor>) -> io::Result<Option<Followed>> {
        let path = path.to_owned();
        let opened = blocking(move || {
            let file = File::open(path)?;
            let (identity, length) = (identity(&file.metadata()?), file.metadata()?.len());
            let offset = place(resume, identity).filter(|offset| *offset <= length).unwrap_or_default();
            Ok(Followed { reading: Reading::new(Input::Plain(file)).from(offset)?, identity, replaced: false })
        });
        match opened.await {
            Ok(followed) => Ok(Some(followed)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads to the present end, then looks at what the path stands for; `None` once this file is
    /// done with.
    async fn read_on(mut self, path: &Path, ctx: &Context, writer: &mut Writer) -> Result<io::Result<Option<Followed>>, Error> {
        while !ctx.stop.is_cancelled() {
            let step = match self.reading.step().await {
                Ok((reading, step)) => {
                    self.reading = reading;
                    step
                }
                Err(error) => return Ok(Err(error)),
            };
            match step {
                Step::Lines(lines) => {
                    writer.lines(lines).await?;
                    writer.cursor(Cursor::File { identity: self.identity, offset: self.reading.offset() });
                }
                Step::More => {}
                Step::Failed(error) => return Ok(Err(error)),
                Step::End => break,
            }
        }
        if self.replaced {
            if let Some(rest) = self.reading.splitter.finish() {
                writer.lines(rest).await?;
            }
            return Ok(Ok(None));
        }
        match self.look(path).await {
            Ok((followed, rest)) => {
                if let Some(rest) = rest {
                    writer.lines(rest).await?;
                }
                Ok(Ok(Some(followed)))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Notices that the path was replaced, or that the file was cut: then it is read from its
    /// beginning, and the line that had begun is all there will be of it.
    async fn look(mut self, path: &Path) -> io::Result<(Followed, Option<Vec<u8>>)> {
        let path = path.to_owned();
        blocking(move || {
            // A path that stands for nothing is between two files: the old one goes on meanwhile.
            self.replaced = std::fs::metadata(path).is_ok_and(|now| identity(&now) != self.identity);
            let Input::Plain(file) = &mut self.reading.input else { return Ok((self, None)) };
            if file.metadata()?.len() >= file.stream_position()? {
                return Ok((self, None));
            }
            file.rewind()?;
            self.reading.read = 0;
            let rest = self.reading.splitter.finish();
            Ok((self, rest))
        })
        .await
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A file on its way through the splitter.
struct Reading {
    input: Input,
    /// Bytes before the next one to read.
    read: u64,
    splitter: Splitter,
}

enum Step {
    Lines(Vec<u8>),
    More,
    End,
    Failed(io::Error),
}

impl Reading {
    fn new(input: Input) -> Reading {
        Reading { input, read: 0, splitter: Splitter::new(limits::BUFFER_BYTES) }
    }

    /// The file at `path`, at `resume` if that is a place in this very file, and which file it is.
    fn open(path: &Path, resume: Option<Cursor>) -> io::Result<(Reading, (u64, u64))> {
        let (input, metadata) = (Input::open(path)?, std::fs::metadata(path)?);
        let identity = identity(&metadata);
        // Of a packed file nobody knows how long it is.
        let is_place = |offset: &u64| !matches!(input, Input::Plain(_)) || *offset <= metadata.len();
        let offset = place(resume, identity).filter(is_place).unwrap_or_default();
        Ok((Reading::new(input).from(offset)?, identity))
    }

    /// Without the first `offset` bytes.
    fn from(mut self, offset: u64) -> io::Result<Reading> {
        match &mut self.input {
            Input::Plain(file) => _ = file.seek(SeekFrom::Start(offset))?,
            packed => _ = io::copy(&mut packed.take(offset), &mut io::sink())?,
        }
        self.read = offset;
        Ok(self)
    }

    /// Bytes before the next line.
    fn offset(&self) -> u64 {
        self.read.saturating_sub(self.splitter.pending() as u64)
    }

    /// The next lines, on a thread that may block.
    async fn step(mut self) -> io::Result<(Reading, Step)> {
        blocking(move || {
            let step = self.read();
            Ok((self, step))
        })
        .await
    }

    fn read(&mut self) -> Step {
        if let Some(lines) = self.splitter.next() {
            return Step::Lines(lines);
        }
        // A decoder gives little at a time; a buffer is worth handing over when it is full.
        for _ in 0..limits::BUFFER_BYTES {
            match self.input.read(self.splitter.spare()) {
                Ok(0) => return self.splitter.next().map_or(Step::End, Step::Lines),
                Ok(n) => {
                    self.read += n as u64;
                    self.splitter.filled(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Step::Failed(error),
            }
            if self.splitter.pending() >= limits::BUFFER_BYTES {
                break;
            }
        }
        self.splitter.next().map_or(Step::More, Step::Lines)
    }
}

/// Where to go on in the file with this identity.
fn place(resume: Option<Cursor>, identity: (u64, u64)) -> Option<u64> {
    match resume {
        Some(Cursor::File { identity: of, offset }) if of == identity => Some(offset),
        _ => None,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    // The work does not panic; a runtime on its way down may drop it unrun.
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
