//! The latest own posts per topic: what a brand answered.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::limits::ANSWERS;
use crate::post::{PostBuf, PostKey};
use crate::topic::TopicId;

/// Own posts, at most `limits::ANSWERS` per topic.
#[derive(Debug, Default)]
pub struct Answers {
    by_topic: BTreeMap<TopicId, VecDeque<PostKey>>,
    posts: HashMap<PostKey, Shown>,
}

#[derive(Debug)]
struct Shown {
    post: PostBuf,
    topics: Vec<TopicId>,
}

coded!(Shown { post, topics });
coded!(Answers { by_topic, posts });

impl Answers {
    /// Keeps a new own post for its topics; their oldest make room.
    pub fn push(&mut self, key: PostKey, post: PostBuf, topics: Vec<TopicId>) {
        for topic in &topics {
            let answers = self.by_topic.entry(*topic).or_default();
            answers.push_back(key);
            if answers.len() > ANSWERS
                && let Some(oldest) = answers.pop_front()
            {
                self.leave(oldest, *topic);
            }
        }
        self.posts.insert(key, Shown { post, topics });
    }

    /// Whether the post is kept.
    pub fn has(&self, key: PostKey) -> bool {
        self.posts.contains_key(&key)
    }

    /// Shows the new version of a post that is kept.
    pub fn replace(&mut self, key: PostKey, post: impl FnOnce() -> PostBuf) {
        if let Some(shown) = self.posts.get_mut(&key) {
            shown.post = post();
        }
    }

    /// Shows the post no more.
    pub fn remove(&mut self, key: PostKey) {
        for topic in self.posts.remove(&key).map(|s| s.topics).unwrap_or_default() {
            if let Some(answers) = self.by_topic.get_mut(&topic) {
                answers.retain(|k| *k != key);
            }
        }
    }

    /// The posts of a topic, oldest first.
    pub fn of(&self, topic: TopicId) -> impl Iterator<Item = &PostBuf> {
        self.by_topic.get(&topic).into_iter().flatten().filter_map(|key| self.posts.get(key)).map(|s| &s.post)
    }

    fn leave(&mut self, key: PostKey, topic: TopicId) {
        if let Some(shown) = self.posts.get_mut(&key) {
            shown.topics.retain(|t| *t != topic);
            if shown.topics.is_empty() {
                self.posts.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Post;

    #[test]
    fn a_topic_keeps_its_latest_and_a_post_goes_from_all() {
        let mut answers = Answers::default();
        let post = |i: u64| PostBuf::new(&Post { id: &i.to_string(), ..Post::default() });
        let (a, b) = (TopicId(1), TopicId(2));
        for i in 0..ANSWERS as u64 + 2 {
            answers.push(PostKey(i), post(i), if i < 2 { vec![a, b] } else { vec![a] });
        }
        let ids = |answers: &Answers, t| answers.of(t).map(|p| p.get().id.to_owned()).collect::<Vec<_>>();
        assert_eq!((ids(&answers, a).len(), ids(&answers, a)[0].as_str()), (ANSWERS, "2"));
        assert_eq!(ids(&answers, b), ["0", "1"]);
        answers.remove(PostKey(1));
        answers.replace(PostKey(0), || post(77));
        assert_eq!(ids(&answers, b), ["77"]);
        assert!(!answers.has(PostKey(1)) && answers.has(PostKey(2)));
    }
}
