//! State as bytes: what was learnt outlives the process that learnt it.
//!
//! Numbers are little-endian and of fixed width, floating point as its bits, so that what is decoded
//! equals what was encoded to the last of them. A sealed state is
//!
//! | bytes | what |
//! |---|---|
//! | 4 | its kind |
//! | 2 | its version, from 1 |
//! | 4 | length of the fields |
//! | … | the fields, in the order of the `coded!` of their struct |
//! | 8 | XXH3 of all before |
//!
//! Bytes may come torn, from elsewhere or from a newer engine: they are refused, never guessed at, and
//! what a field may not be is refused where it is read, since the code behind it relies on it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::bilingual::Both;
use crate::topic::SourceId;

/// Bytes before the fields.
const HEAD: usize = 10;
/// Bytes behind them.
const TAIL: usize = 8;

/// Why bytes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They are not a state of this kind.
    #[error("this is not a state of this kind")]
    Foreign,
    /// A newer engine wrote them.
    #[error("written by a newer version of escucha: format {found}, this one reads up to {known}")]
    Newer {
        /// Its version of the format.
        found: u16,
        /// The last version that is known.
        known: u16,
    },
    /// They end too early, or too late.
    #[error("the state is not whole: it was cut, or something follows it")]
    Length,
    /// They are not what was written.
    #[error("the state is damaged: its checksum is another")]
    Damaged,
    /// A field cannot be what it says.
    #[error("the state is damaged: its {0} cannot be")]
    Field(&'static str),
}

impl Error {
    /// For people.
    pub fn text(&self) -> Both {
        let es = match self {
            Error::Foreign => "esto no es un estado de esta clase".to_owned(),
            Error::Newer { found, known } => {
                format!("lo escribió una versión posterior de escucha: formato {found}, esta lee hasta el {known}")
            }
            Error::Length => "el estado no está entero: se cortó, o algo lo sigue".to_owned(),
            Error::Damaged => "el estado está dañado: la suma de control es otra".to_owned(),
            Error::Field(name) => format!("el estado está dañado: «{name}» no puede ser así"),
        };
        Both::new(es, self.to_string())
    }
}

/// What can be written as bytes and read back.
pub trait Coded: Sized {
    /// Appends its bytes to `out`.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads what `encode` wrote.
    ///
    /// # Errors
    /// If the bytes end, or cannot be what `encode` writes.
    fn decode(from: &mut Reader<'_>) -> Result<Self, Error>;
}

/// Writes a struct field by field and reads it back: one list for both ways, which the compiler holds
/// against the struct. A condition behind it must hold for what is read.
macro_rules! coded {
    ($name:ident { $($field:ident),* $(,)? } $(if $holds:expr)?) => {
        impl $crate::codec::Coded for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                let $name { $($field),* } = self;
                $($crate::codec::Coded::encode($field, out);)*
            }

            fn decode(from: &mut $crate::codec::Reader<'_>) -> Result<$name, $crate::codec::Error> {
                let read = $name { $($field: $crate::codec::Coded::decode(from)?),* };
                $($crate::codec::holds(&read, $holds, stringify!($name))?;)?
                Ok(read)
            }
        }
    };
}

/// Writes one of a closed set of cases as its place in the list.
macro_rules! coded_cases {
    ($name:ty: $($case:path),* $(,)?) => {
        impl $crate::codec::Coded for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                // Every case has a place: the compiler holds the list against the cases.
                match self { $($case => {})* }
                let place = [$($case),*].iter().position(|case| case == self).unwrap_or_default();
                (place as u8).encode(out);
            }

            fn decode(from: &mut $crate::codec::Reader<'_>) -> Result<$name, $crate::codec::Error> {
                let place = usize::from(<u8 as $crate::codec::Coded>::decode(from)?);
                [$($case),*].into_iter().nth(place).ok_or($crate::codec::Error::Field(stringify!($name)))
            }
        }
    };
}

mod alerts;
mod posts;
mod words;

/// Refuses `read`, of a struct called `name`, if it does not hold.
///
/// # Errors
/// If `is` says so.
pub fn holds<T>(read: &T, is: impl Fn(&T) -> bool, name: &'static str) -> Result<(), Error> {
    if is(read) { Ok(()) } else { Err(Error::Field(name)) }
}

/// Bytes that are read from the front.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The present numbers of the sources, by the numbers they had; empty if they have the same.
    sources: &'a [SourceId],
}

impl<'a> Reader<'a> {
    /// Fields that were sealed elsewhere, see [`open`].
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, sources: &[] }
    }

    /// Sources that had these places have these numbers now.
    pub fn renumber(self, sources: &'a [SourceId]) -> Reader<'a> {
        Reader { sources, ..self }
    }

    /// The present number of the source that had `number`.
    pub fn source(&self, number: u16) -> SourceId {
        self.sources.get(usize::from(number)).copied().unwrap_or(if self.sources.is_empty() { SourceId(number) } else { SourceId::GONE })
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Error::Length)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Length)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The end: nothing may follow.
    ///
    /// # Errors
    /// If something does.
    pub fn end(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Length) }
    }
}

/// Appends a state of `kind` whose fields `fields` writes.
pub fn seal(kind: [u8; 4], version: u16, out: &mut Vec<u8>, fields: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind);
    out.extend_from_slice(&version.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let begin = out.len();
    fields(out);
    let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(begin - 4..begin) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    let sum = xxh3_64(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&sum.to_le_bytes());
}

/// The fields of the state of `kind` in `bytes`, and the version in which they are written: 1 to `known`.
///
/// # Errors
/// If it is none, or not whole.
pub fn open(kind: [u8; 4], known: u16, bytes: &[u8]) -> Result<(Reader<'_>, u16), Error> {
    let mut reader = Reader::new(bytes);
    if reader.take::<4>().map_err(|_| Error::Foreign)? != kind {
        return Err(Error::Foreign);
    }
    let found = u16::from_le_bytes(reader.take()?);
    // How a newer one is laid out behind this is not known here.
    match found {
        0 => return Err(Error::Foreign),
        found if found > known => return Err(Error::Newer { found, known }),
        _ => {}
    }
    let length = u32::from_le_bytes(reader.take()?) as usize;
    if bytes.len().checked_sub(HEAD + TAIL) != Some(length) {
        return Err(Error::Length);
    }
    let (sealed, sum) = bytes.split_last_chunk::<TAIL>().ok_or(Error::Length)?;
    if xxh3_64(sealed) != u64::from_le_bytes(*sum) {
        return Err(Error::Damaged);
    }
    Ok((Reader::new(sealed.get(HEAD..).unwrap_or_default()), found))
}

/// Whether `bytes` are a whole state, of whatever kind and version.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<TAIL>().is_some_and(|(sealed, sum)| xxh3_64(sealed) == u64::from_le_bytes(*sum))
}

/// `value` as a whole state of `kind`.
pub fn sealed<T: Coded>(kind: [u8; 4], version: u16, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    seal(kind, version, &mut out, |out| value.encode(out));
    out
}

/// The value that is the whole state of `kind` in `bytes`, written in the one version that there is.
///
/// # Errors
/// If it is none, or not whole.
pub fn opened<T: Coded>(kind: [u8; 4], version: u16, bytes: &[u8]) -> Result<T, Error> {
    let (mut reader, _) = open(kind, version, bytes)?;
    let value = T::decode(&mut reader)?;
    reader.end()?;
    Ok(value)
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Coded for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn decode(from: &mut Reader<'_>) -> Result<$number, Error> {
                from.take().map(<$number>::from_le_bytes)
            }
        }
    )*};
}

numbers!(i8, u8, u16, u32, u64, i16, i32, i64);

/// Nothing that is learnt is infinite or no number.
macro_rules! finite {
    ($($number:ty),*) => {$(
        impl Coded for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn decode(from: &mut Reader<'_>) -> Result<$number, Error> {
                let number = from.take().map(<$number>::from_le_bytes)?;
                if number.is_finite() { Ok(number) } else { Err(Error::Field("number")) }
            }
        }
    )*};
}

finite!(f32, f64);

impl Coded for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(from: &mut Reader<'_>) -> Result<bool, Error> {
        match u8::decode(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::Field("flag")),
        }
    }
}

impl<T: Coded> Coded for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        self.iter().for_each(|value| value.encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Option<T>, Error> {
        Ok(if bool::decode(from)? { Some(T::decode(from)?) } else { None })
    }
}

impl<T: Coded> Coded for Box<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Box<T>, Error> {
        T::decode(from).map(Box::new)
    }
}

impl<T: Coded> Coded for Arc<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Arc<T>, Error> {
        T::decode(from).map(Arc::new)
    }
}

impl Coded for () {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(_: &mut Reader<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl Coded for usize {
    fn encode(&self, out: &mut Vec<u8>) {
        (*self as u64).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<usize, Error> {
        usize::try_from(u64::decode(from)?).map_err(|_| Error::Field("size"))
    }
}

macro_rules! tuples {
    ($($name:ident: $place:tt),*) => {
        impl<$($name: Coded),*> Coded for ($($name,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$place.encode(out);)*
            }

            fn decode(from: &mut Reader<'_>) -> Result<($($name,)*), Error> {
                Ok(($($name::decode(from)?,)*))
            }
        }
    };
}

tuples!(A: 0, B: 1);
tuples!(A: 0, B: 1, C: 2);
tuples!(A: 0, B: 1, C: 2, D: 3);

/// Items that a list has room for at most, see [`roomy`].
const ROOM: usize = 1 << 16;

/// What a length of text takes where it is short, which most are.
const SHORT: u8 = 254;

/// Appends a text: its length, in one byte where it is short, and its bytes.
pub fn text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(short) if short <= SHORT => short.encode(out),
        _ => {
            u8::MAX.encode(out);
            (text.len() as u32).encode(out);
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Reads what [`text`] wrote, in place.
///
/// # Errors
/// If the bytes end, or are no UTF-8.
pub fn read_text<'a>(from: &mut Reader<'a>) -> Result<&'a str, Error> {
    let length = match u8::decode(from)? {
        u8::MAX => u32::decode(from)?,
        short => short.into(),
    };
    std::str::from_utf8(from.bytes(length as usize)?).map_err(|_| Error::Field("text"))
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Coded for $text {
            fn encode(&self, out: &mut Vec<u8>) {
                text(self, out);
            }

            fn decode(from: &mut Reader<'_>) -> Result<$text, Error> {
                read_text(from).map(Into::into)
            }
        }
    )*};
}

texts!(String, Box<str>, Arc<str>);

/// As many as the type says, without their number.
impl<T: Coded + Copy + Default, const N: usize> Coded for [T; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|value| value.encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<[T; N], Error> {
        let mut all = [T::default(); N];
        for value in &mut all {
            *value = T::decode(from)?;
        }
        Ok(all)
    }
}

fn encode_all<'a, T: Coded + 'a>(all: impl ExactSizeIterator<Item = &'a T>, out: &mut Vec<u8>) {
    (all.len() as u32).encode(out);
    all.for_each(|value| value.encode(out));
}

/// Their number, then each. Memory grows with the bytes that are there, not with what they say.
impl<T: Coded> Coded for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_all(self.iter(), out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Vec<T>, Error> {
        (0..u32::decode(from)?).map(|_| T::decode(from)).collect()
    }
}

/// Appends a list with the room it has: where bytes are counted, they go on as they were.
pub fn roomy<T: Coded>(all: &Vec<T>, out: &mut Vec<u8>) {
    (all.capacity() as u32).encode(out);
    all.encode(out);
}

/// Reads what [`roomy`] wrote.
///
/// # Errors
/// If the bytes end, or the room is far more than such lists have.
pub fn read_roomy<T: Coded>(from: &mut Reader<'_>) -> Result<Vec<T>, Error> {
    let room = u32::decode(from)? as usize;
    let mut all: Vec<T> = Vec::decode(from)?;
    if room > ROOM {
        return Err(Error::Field("room"));
    }
    all.shrink_to_fit();
    all.reserve_exact(room.saturating_sub(all.len()));
    Ok(all)
}

impl<T: Coded> Coded for VecDeque<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_all(self.iter(), out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<VecDeque<T>, Error> {
        Vec::decode(from).map(VecDeque::from)
    }
}

impl<T: Coded> Coded for Box<[T]> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_all(self.iter(), out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Box<[T]>, Error> {
        Vec::decode(from).map(Vec::into_boxed_slice)
    }
}

/// In ascending order, however the map is laid out.
impl<K: Coded + Ord + Hash, V: Coded, S: BuildHasher + Default> Coded for HashMap<K, V, S> {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut all: Vec<(&K, &V)> = self.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        (all.len() as u32).encode(out);
        for (key, value) in all {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<HashMap<K, V, S>, Error> {
        BTreeMap::decode(from).map(|all| all.into_iter().collect())
    }
}

impl<T: Coded + Ord> Coded for BTreeSet<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_all(self.iter(), out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<BTreeSet<T>, Error> {
        let all: Vec<T> = Vec::decode(from)?;
        if all.is_sorted_by(|a, b| a < b) { Ok(all.into_iter().collect()) } else { Err(Error::Field("order")) }
    }
}

impl<K: Coded + Ord, V: Coded> Coded for BTreeMap<K, V> {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u32).encode(out);
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<BTreeMap<K, V>, Error> {
        let pairs: Vec<(K, V)> = Vec::decode(from)?;
        if pairs.is_sorted_by(|a, b| a.0 < b.0) { Ok(pairs.into_iter().collect()) } else { Err(Error::Field("order")) }
    }
}

#[cfg(test)]
mod tests;
