//! The fields of the language, one row each.

use crate::bilingual::Both;
use crate::query::{Attribute, Flag, Measure, Party, Place};

/// What a field's value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    Account(Party),
    /// A name after this sign.
    Name(char),
    Lang,
    /// A value that is equal as a whole.
    Is(Attribute),
    Country,
    /// Words of a field that is not the text.
    In(Place),
    Contains,
    Raw,
    Url,
    UrlContains,
    Site,
    Number(Measure),
    Hour,
    Weekday,
    Sample,
    /// `has:` or `is:`.
    Flag,
    /// Another family's name and values for flags.
    Aliases(&'static [(&'static str, &'static str, Flag)]),
    List,
    Rule,
    Everything,
    /// Part of the language, not built yet.
    Later,
    /// Known in other families, not part of this language; the nearest alternative, if any.
    Never(&'static str),
}

/// One field: its names, the canonical one first; names ignore case.
pub(super) struct Field {
    pub names: &'static [&'static str],
    pub take: Take,
}

const fn field(names: &'static [&'static str], take: Take) -> Field {
    Field { names, take }
}

/// Every field that has a meaning here.
pub(super) static FIELDS: &[Field] = &[
    field(&["from", "author"], Take::Account(Party::From)),
    field(&["to"], Take::Account(Party::To)),
    field(&["retweets_of"], Take::Account(Party::RetweetsOf)),
    field(&["at_mentions"], Take::Name('@')),
    field(&["hashtag"], Take::Name('#')),
    field(&["lang", "language"], Take::Lang),
    field(&["network"], Take::Is(Attribute::Network)),
    field(&["source_app", "source"], Take::Is(Attribute::SourceApp)),
    field(&["conversation_id"], Take::Is(Attribute::Conversation)),
    field(&["in_reply_to", "in_reply_to_tweet_id"], Take::Is(Attribute::InReplyTo)),
    field(&["place_country", "country"], Take::Country),
    field(&["title"], Take::In(Place::Title)),
    field(&["bio"], Take::In(Place::Bio)),
    field(&["bio_name"], Take::In(Place::BioName)),
    field(&["bio_location"], Take::In(Place::BioLocation)),
    field(&["place"], Take::In(Place::Place)),
    field(&["contains"], Take::Contains),
    field(&["raw"], Take::Raw),
    field(&["url", "links"], Take::Url),
    field(&["url_contains"], Take::UrlContains),
    field(&["site"], Take::Site),
    field(&["followers_count", "authorFollowers", "min_followers"], Take::Number(Measure::Followers)),
    field(&["following_count", "friends_count"], Take::Number(Measure::Following)),
    field(&["posts_count", "tweets_count", "statuses_count"], Take::Number(Measure::Posts)),
    field(&["listed_count"], Take::Number(Measure::Listed)),
    field(&["sentiment"], Take::Number(Measure::Sentiment)),
    field(&["priority"], Take::Number(Measure::Priority)),
    field(&["hour"], Take::Hour),
    field(&["weekday"], Take::Weekday),
    field(&["sample"], Take::Sample),
    field(&["has"], Take::Flag),
    field(&["is"], Take::Flag),
    field(
        &["engagementType"],
        Take::Aliases(&[
            ("COMMENT", "reply", Flag::Reply),
            ("REPLY", "reply", Flag::Reply),
            ("RETWEET", "retweet", Flag::Retweet),
            ("QUOTE", "quote", Flag::Quote),
        ]),
    ),
    field(&["authorVerified"], Take::Aliases(&[("true", "verified", Flag::Verified)])),
    field(&["list"], Take::List),
    field(&["rule"], Take::Rule),
    field(&["all"], Take::Everything),
    field(&["entity"], Take::Later),
];

/// Fields of other families, each with the nearest thing here (empty: none).
static NEVER: &[Field] = &[
    field(&["url_title", "url_description"], Take::Never("url_contains:")),
    field(&["retweets_of_tweet_id", "parentPostId", "rootPostId", "engagingWithGuid"], Take::Never("conversation_id:")),
    field(&["engagingWith", "from_affiliate_of", "to_affiliate_of"], Take::Never("from:, to:")),
    field(&["profile_country", "profile_region", "profile_locality", "profile_subregion"], Take::Never("bio_location:")),
    field(&["continent", "region", "city"], Take::Never("place:, place_country:")),
    field(
        &["channelId", "blogName", "parentBlogName", "rootBlogName", "publication", "weblogTitle", "topLevelDomain"],
        Take::Never("site:"),
    ),
    field(&["authorVerifiedType"], Take::Never("is:verified")),
    field(&["tags", "objects", "brandIds", "context", "entityId"], Take::Never("#tag")),
    field(&["minuteOfDay"], Take::Never("hour:")),
    field(&["sensitiveContent"], Take::Never("is:sensitive")),
    field(&["imageType"], Take::Never("has:images")),
    field(&["pubType", "publisherSubType"], Take::Never("network:")),
    field(&["subreddit", "subredditTopics", "redditPostFlair", "redditAuthorFlair"], Take::Never("network:reddit")),
    field(&["guid"], Take::Never("conversation_id:")),
    field(
        &[
            "embedding",
            "embedding_threshold",
            "point_radius",
            "bounding_box",
            "profile_point_radius",
            "profile_bounding_box",
            "latitude",
            "longitude",
            "authorGender",
            "itemReview",
            "rating",
            "redditSpoiler",
            "subredditNSFW",
            "ingress",
        ],
        Take::Never(""),
    ),
];

/// The field called `name`.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().chain(NEVER).find(|f| f.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
}

/// The built or planned name that an unknown one was probably meant to be; edits of up to half of it.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let names = FIELDS.iter().flat_map(|f| f.names).copied();
    let scored = names.map(|n| (crate::nearest::distance(&n.to_ascii_lowercase(), &name), n));
    scored.min_by_key(|(edits, _)| *edits).filter(|(edits, _)| *edits <= name.len() / 2).map(|(_, n)| n)
}

/// Why a part of the language cannot be used yet.
pub(super) fn not_built() -> Both {
    Both::new("aún no está construido", "it is not built yet")
}

/// Why a field cannot be used, for E144.
pub(super) fn reason(take: Take) -> Option<Both> {
    match take {
        Take::Later => Some(not_built()),
        Take::Never("") => Some(Both::new("aquí no existe", "it does not exist here")),
        Take::Never(nearest) => Some(Both::new(
            format!("aquí no existe; lo más cercano es {nearest}"),
            format!("it does not exist here; the nearest is {nearest}"),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case_and_stand_once() {
        assert_eq!(find("AUTHOR").map(|f| f.take), Some(Take::Account(Party::From)));
        assert_eq!(find("channelid").map(|f| f.take), Some(Take::Never("site:")));
        assert!(find("autor").is_none());
        let mut names: Vec<String> = FIELDS.iter().chain(NEVER).flat_map(|f| f.names).map(|n| n.to_ascii_lowercase()).collect();
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
    }

    #[test]
    fn the_nearest_name_is_offered() {
        for (typed, want) in
            [("autor", Some("author")), ("langauge", Some("language")), ("followers", Some("min_followers")), ("c", None), ("banco", None)]
        {
            assert_eq!(nearest(typed), want, "{typed}");
        }
    }
}
