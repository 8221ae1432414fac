//! The fields of the language, one row each.

use crate::bilingual::Both;

/// What a field's value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    From,
    To,
    Lang,
    Network,
    Contains,
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
    field(&["from", "author"], Take::From),
    field(&["to"], Take::To),
    field(&["lang", "language"], Take::Lang),
    field(&["network"], Take::Network),
    field(&["contains"], Take::Contains),
    field(&["at_mentions"], Take::Later),
    field(&["hashtag"], Take::Later),
    field(&["has"], Take::Later),
    field(&["is"], Take::Later),
    field(&["engagementType"], Take::Later),
    field(&["authorVerified"], Take::Later),
    field(&["followers_count", "authorFollowers", "min_followers"], Take::Later),
    field(&["following_count", "friends_count"], Take::Later),
    field(&["posts_count", "tweets_count", "statuses_count"], Take::Later),
    field(&["listed_count"], Take::Later),
    field(&["url", "links"], Take::Later),
    field(&["url_contains"], Take::Later),
    field(&["site"], Take::Later),
    field(&["raw"], Take::Later),
    field(&["title"], Take::Later),
    field(&["bio"], Take::Later),
    field(&["bio_name"], Take::Later),
    field(&["bio_location"], Take::Later),
    field(&["place"], Take::Later),
    field(&["place_country", "country"], Take::Later),
    field(&["conversation_id"], Take::Later),
    field(&["in_reply_to", "in_reply_to_tweet_id"], Take::Later),
    field(&["retweets_of"], Take::Later),
    field(&["source_app", "source"], Take::Later),
    field(&["sentiment"], Take::Later),
    field(&["priority"], Take::Later),
    field(&["hour"], Take::Later),
    field(&["weekday"], Take::Later),
    field(&["sample"], Take::Later),
    field(&["list"], Take::Later),
    field(&["rule"], Take::Later),
    field(&["entity"], Take::Later),
    field(&["all"], Take::Later),
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

/// The built or planned name that is nearest to an unknown one.
pub(super) fn nearest(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let names = FIELDS.iter().flat_map(|f| f.names);
    names.min_by_key(|n| crate::nearest::distance(&n.to_ascii_lowercase(), &name)).copied().unwrap_or("from")
}

/// Why a field cannot be used, for E144.
pub(super) fn reason(take: Take) -> Option<Both> {
    match take {
        Take::Later => Some(Both::new("aún no está construido", "it is not built yet")),
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
        assert_eq!(find("AUTHOR").map(|f| f.take), Some(Take::From));
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
        for (typed, want) in [("autor", "author"), ("langauge", "language"), ("nota", "to"), ("followers", "min_followers")] {
            assert_eq!(nearest(typed), want, "{typed}");
        }
    }
}
