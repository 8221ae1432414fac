//! Files to read from, plain or compressed by their names.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::limits;

/// Whether the name of `path` says that it is compressed.
pub fn is_compressed(path: &Path) -> bool {
    ["gz", "zst"].iter().any(|known| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(known)))
}

/// What is read from. Decompression streams through bounded buffers, so that a small file that
/// unpacks to a huge one costs time and no memory.
pub enum Input {
    /// As it is.
    Plain(File),
    /// `.gz`, of one member or many.
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
    /// `.zst`.
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<File>>>),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Plain(file) => file.read(buffer),
            Input::Gzip(gzip) => gzip.read(buffer),
            Input::Zstd(zstd) => zstd.read(buffer),
        }
    }
}

impl Input {
    /// Opens `path`; its name says how it is packed.
    pub fn open(path: &Path) -> io::Result<Input> {
        let file = File::open(path)?;
        let extension = path.extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("gz") {
            Ok(Input::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(limits::BUFFER_BYTES, file)))))
        } else if extension.eq_ignore_ascii_case("zst") {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(limits::BUFFER_BYTES, file))?;
            decoder.window_log_max(limits::ZSTD_WINDOW_LOG)?;
            Ok(Input::Zstd(Box::new(decoder)))
        } else {
            Ok(Input::Plain(file))
        }
    }
}
