//! Posts as bytes: their strings, then their numbers.

use super::{Coded, Error, Reader, read_text, text};
use crate::personal::Kinds;
use crate::post::{AuthorKey, Count, Counts, Kind, Media, Numbers, Post, PostBuf, PostKey, Posts, STRINGS};

coded_cases!(Kind: Kind::Create, Kind::Update, Kind::Delete);

impl Coded for Count {
    fn encode(&self, out: &mut Vec<u8>) {
        self.get().unwrap_or(u32::MAX).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Count, Error> {
        Ok(match u32::decode(from)? {
            u32::MAX => Count::UNKNOWN,
            known => Count::of(known.into()),
        })
    }
}

impl Coded for Media {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Media, Error> {
        u8::decode(from).map(Media)
    }
}

impl Coded for Kinds {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Kinds, Error> {
        u8::decode(from).map(Kinds)
    }
}

impl Coded for PostKey {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<PostKey, Error> {
        u64::decode(from).map(PostKey)
    }
}

impl Coded for AuthorKey {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<AuthorKey, Error> {
        u64::decode(from).map(AuthorKey)
    }
}

coded!(Counts { likes, replies, reposts, quotes, views });
coded!(Numbers { kind, at, author, verified, media, counts, sensitive, masked });

fn write(post: &Post<'_>, out: &mut Vec<u8>) {
    post.strings().iter().for_each(|string| text(string, out));
    post.numbers().encode(out);
}

fn read<'a>(from: &mut Reader<'a>) -> Result<Post<'a>, Error> {
    let mut strings = [""; STRINGS];
    for string in &mut strings {
        *string = read_text(from)?;
    }
    Ok(Post::from_parts(strings, &Numbers::decode(from)?))
}

impl Coded for PostBuf {
    fn encode(&self, out: &mut Vec<u8>) {
        write(&self.get(), out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<PostBuf, Error> {
        read(from).map(|post| PostBuf::new(&post))
    }
}

impl Coded for Posts {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u32).encode(out);
        self.iter().for_each(|post| write(&post, out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Posts, Error> {
        let mut posts = Posts::default();
        for _ in 0..u32::decode(from)? {
            posts.push(&read(from)?);
        }
        Ok(posts)
    }
}
