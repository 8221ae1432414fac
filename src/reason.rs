//! Closed sets of reasons. Their names are the only metric labels that say why a post was not
//! counted, so that nothing a post contains can become a label.

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            /// All, in declaration order: `ALL[r as usize] == r`.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
            /// The metric label and JSON name.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $label),* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

reasons! {
    /// Why an item that came in is no post that we can read.
    Refused {
        /// Not well-formed JSON.
        Malformed = "malformed",
        /// Longer than `limits::FRAME_BYTES`.
        TooLong = "too_long",
        /// Nested deeper than `limits::JSON_DEPTH`.
        TooDeep = "too_deep",
        /// Bytes that are no UTF-8.
        Encoding = "encoding",
        /// Well-formed, but not of the format's shape (an array where an object belongs).
        Shape = "shape",
        /// No usable id.
        NoId = "no_id",
        /// No text where the format promises one.
        NoText = "no_text",
        /// No time, or one that cannot be read.
        BadTime = "bad_time",
        /// More than `limits::FUTURE` after it was seen.
        Future = "future",
        /// Shed by the source's policy under load.
        Shed = "shed",
    }
}

reasons! {
    /// Why a decoded item was not looked at as a mention.
    Skipped {
        /// Well-formed, but a like, a follow, a notice, a keep-alive object.
        NotAPost = "not_a_post",
        /// The same (network, id) was counted before.
        Duplicate = "duplicate",
        /// An update of a post that was counted before.
        Update = "update",
        /// A delete.
        Delete = "delete",
        /// A create that came after its delete.
        Deleted = "deleted",
        /// Written by an account of the brand of every topic it matched.
        Own = "own",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_and_plain() {
        let mut all: Vec<&str> = Refused::ALL.iter().map(|r| r.as_str()).chain(Skipped::ALL.iter().map(|r| r.as_str())).collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
        assert!(all.iter().all(|l| l.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
