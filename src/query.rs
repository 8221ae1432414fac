//! What a query means, without its syntax: a tree over leaves.
//!
//! `eql` parses text into this, `matching` compiles it, `eql::explain` evaluates it slowly.

use std::ops::Range;

/// How words are compared; section 6, R21 and R22 of the query language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Accents {
    /// Writer and author may each drop an accent; ñ and ç stay letters of their own.
    #[default]
    Fold,
    /// A word written with a mark matches as typed, one without matches with and without.
    Smart,
    /// As typed, but for case.
    Exact,
}

/// Half-open range in Unicode code points of the query as typed.
pub type Span = Range<u32>;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The tree; `Node::Leaf(i)` names `leaves[i]`.
    pub root: Node,
    /// The leaves in the order they were typed.
    pub leaves: Vec<Leaf>,
    /// How its words are compared.
    pub accents: Accents,
    /// Whether the text of a quoted post is matched too, as a second text.
    pub quoted: bool,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// All hold; two or more.
    And(Vec<Node>),
    /// At least one holds; two or more.
    Or(Vec<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// An index into `Query::leaves`.
    Leaf(usize),
    /// Both have a span, apart by at most `distance` tokens, sharing none.
    Near {
        /// Left operand.
        left: Box<Node>,
        /// Right operand.
        right: Box<Node>,
        /// Most tokens between the two spans.
        distance: u32,
        /// Left must come first.
        ordered: bool,
    },
    /// All operands have spans that share no token, and their window holds at most `distance` others.
    Within {
        /// The operands; two or more.
        operands: Vec<Node>,
        /// Most tokens in the window that belong to no operand.
        distance: u32,
    },
}

/// One term with its place in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Where it was typed.
    pub span: Span,
    /// What it asks.
    pub term: Term,
}

/// What a leaf asks of a post. Values stand as typed, without signs, scheme or quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
    /// Consecutive tokens; a word is a phrase of one. Each may hold `*` and `?`.
    Phrase(Vec<String>),
    /// Consecutive tokens with exactly these capitals.
    Case(Vec<String>),
    /// `@name`, without the sign.
    Mention(String),
    /// `#name`, without the sign.
    Hashtag(String),
    /// `$name`, without the sign.
    Cashtag(String),
    /// A phrase in a field that is not the post's text.
    In(Place, Vec<String>),
    /// `contains:` a substring of the whole text, in the rule's accent mode.
    Contains(String),
    /// `raw:` a substring of the whole text, compared as NFC and nothing else.
    Raw(String),
    /// `url:` these tokens side by side in a link, folded.
    Url(Vec<String>),
    /// `url_contains:` a substring of a link, folded.
    UrlContains(String),
    /// `site:` the post's own host or one above it.
    Site(String),
    /// An account, without a leading `@`: its handle, folded, or its id as it is.
    Account(Party, String),
    /// A value that is equal as a whole.
    Is(Attribute, String),
    /// `lang:` a language code; matches its regions too.
    Lang(String),
    /// A number within a range, both ends included.
    Number(Measure, Decimals),
    /// `hour:` of the day in the rule's zone, both ends included; wraps if `from > to`.
    Hour {
        /// First hour, 0-23.
        from: u8,
        /// Last hour, 0-23.
        to: u8,
    },
    /// `weekday:` in the rule's zone, both ends included; wraps if `from > to`.
    Weekday {
        /// First day, 0 is Monday.
        from: u8,
        /// Last day, 0 is Monday.
        to: u8,
    },
    /// `has:` and `is:`.
    Flag(Flag),
    /// `sample:` so many in a hundred of all posts, by the hash of their id (R32).
    Sample(u8),
    /// `rule:` the result of the rule with this name.
    Rule(String),
    /// `all:posts`.
    Everything,
}

impl Term {
    /// Whether a rule may stand on it: it names something a post must contain.
    pub fn is_anchor(&self) -> bool {
        let filter =
            matches!(self, Term::Lang(_) | Term::Number(..) | Term::Hour { .. } | Term::Weekday { .. } | Term::Flag(_) | Term::Sample(_))
                || matches!(self, Term::Is(a, _) if !a.is_anchor());
        !filter
    }

    /// Whether NEAR and `~N` admit it when it was not typed as a field.
    pub fn has_place(&self) -> bool {
        matches!(self, Term::Phrase(_) | Term::Case(_) | Term::Mention(_) | Term::Hashtag(_))
    }

    /// Whether its answer depends on the topic it is asked for: on its zone, its brand or its weight.
    pub fn depends_on_topic(&self) -> bool {
        matches!(self, Term::Hour { .. } | Term::Weekday { .. } | Term::Flag(Flag::Direct) | Term::Number(Measure::Priority, _))
    }
}

/// A field of a post that holds words, apart from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `title:`
    Title,
    /// `bio:` the author's profile text.
    Bio,
    /// `bio_name:` the author's display name.
    BioName,
    /// `bio_location:` the author's location.
    BioLocation,
    /// `place:` the name of the place the post was sent from.
    Place,
}

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// `from:` the author.
    From,
    /// `to:` whoever is answered.
    To,
    /// `retweets_of:` the author of the repeated post.
    RetweetsOf,
}

/// A field of a post that is compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// `network:`, ignoring case.
    Network,
    /// `source_app:`, ignoring case.
    SourceApp,
    /// `place_country:`, ignoring case.
    Country,
    /// `conversation_id:`, exactly.
    Conversation,
    /// `in_reply_to:` the id of the answered post, exactly.
    InReplyTo,
}

impl Attribute {
    fn is_anchor(self) -> bool {
        matches!(self, Attribute::Conversation | Attribute::InReplyTo)
    }
}

/// A number of a post or its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Accounts that follow the author.
    Followers,
    /// Accounts the author follows.
    Following,
    /// Posts the author wrote.
    Posts,
    /// Lists the author is on.
    Listed,
    /// From -1 (angry) to 1 (pleased).
    Sentiment,
    /// The part of the priority, 0-100, that needs no memory, without the topic's weight.
    Priority,
}

/// A range of decimal numbers in millionths, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimals {
    /// Least.
    pub from: i64,
    /// Greatest.
    pub to: i64,
}

impl Decimals {
    /// Millionths in one.
    pub const ONE: i64 = 1_000_000;

    /// Whether `value` lies in it, after rounding to millionths.
    pub fn has(self, value: f64) -> bool {
        let millionths = (value * Decimals::ONE as f64).round();
        millionths >= self.from as f64 && millionths <= self.to as f64
    }
}

/// What `has:` and `is:` ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// `has:links`, in the text or in the metadata.
    Links,
    /// `has:media`.
    Media,
    /// `has:images`.
    Images,
    /// `has:video`.
    Video,
    /// `has:hashtags`.
    Hashtags,
    /// `has:mentions`, in the text or in the metadata.
    Mentions,
    /// `has:cashtags`.
    Cashtags,
    /// `has:geo`: the place it was sent from is known.
    Geo,
    /// `has:question`: `?` or `¿` outside links.
    Question,
    /// `has:emoji`.
    Emoji,
    /// `is:retweet`.
    Retweet,
    /// `is:reply`.
    Reply,
    /// `is:quote`.
    Quote,
    /// `is:original`: none of the three.
    Original,
    /// `is:verified`: the author is.
    Verified,
    /// `is:edited`: a new version of a post.
    Edited,
    /// `is:sensitive`: marked so by its author or its network.
    Sensitive,
    /// `is:direct`: it speaks to an account of the topic's brand.
    Direct,
    /// `is:nullcast`: never.
    Nullcast,
}

impl Flag {
    /// Its field, its name as a value there, and the flag.
    pub const ALL: [(&'static str, &'static str, Flag); 19] = [
        ("has", "links", Flag::Links),
        ("has", "media", Flag::Media),
        ("has", "images", Flag::Images),
        ("has", "video", Flag::Video),
        ("has", "hashtags", Flag::Hashtags),
        ("has", "mentions", Flag::Mentions),
        ("has", "cashtags", Flag::Cashtags),
        ("has", "geo", Flag::Geo),
        ("has", "question", Flag::Question),
        ("has", "emoji", Flag::Emoji),
        ("is", "retweet", Flag::Retweet),
        ("is", "reply", Flag::Reply),
        ("is", "quote", Flag::Quote),
        ("is", "original", Flag::Original),
        ("is", "verified", Flag::Verified),
        ("is", "edited", Flag::Edited),
        ("is", "sensitive", Flag::Sensitive),
        ("is", "direct", Flag::Direct),
        ("is", "nullcast", Flag::Nullcast),
    ];
}

/// What a query may ask about a post that the post itself does not say.
///
/// Whoever evaluates a query computes it, when it is first asked. `scope` is the number of the topic
/// that the query belongs to, as it was given with the query; a value that is unknown is `None`, and
/// then a filter on it is false (R48).
pub trait Facts {
    /// Tone of the text, from -1 to 1.
    fn sentiment(&self) -> Option<f64> {
        None
    }
    /// Priority, 0-100, as [`Measure::Priority`] says.
    fn priority(&self, _scope: u32) -> Option<f64> {
        None
    }
    /// Hour of the day, 0-23, in the topic's zone.
    fn hour(&self, _scope: u32) -> Option<u8> {
        None
    }
    /// Day of the week, 0 is Monday, in the topic's zone.
    fn weekday(&self, _scope: u32) -> Option<u8> {
        None
    }
    /// Whether the post speaks to an account of the topic's brand.
    fn is_direct(&self, _scope: u32) -> bool {
        false
    }
    /// A flag told from outside, which is believed instead of what the post says.
    fn told(&self, _flag: Flag) -> Option<bool> {
        None
    }
}

/// Nothing is known but the post.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl Facts for NoFacts {}

/// One query of a rule, as it is handed to whoever evaluates many.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The query.
    pub query: &'a Query,
    /// What `rule:` calls it by; queries with the same name are one rule, empty is none.
    pub name: &'a str,
    /// The topic's number, handed back to [`Facts`].
    pub scope: u32,
}

impl<'a> From<&'a Query> for Named<'a> {
    fn from(query: &'a Query) -> Named<'a> {
        Named { query, name: "", scope: 0 }
    }
}
