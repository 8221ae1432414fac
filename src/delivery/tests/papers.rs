//! Reports: tried again with patience, given up in the end, and sent once.

use super::kept::memory;
use super::*;
use crate::delivery::Address;

fn address(target: &str) -> Address {
    Address { report: "semanal".to_owned(), target: target.to_owned() }
}

fn paper() -> Paper {
    Paper { subject: "s".to_owned(), text: "t".to_owned(), attached: None, key: "k".to_owned() }
}

impl World {
    /// Looks every second for so many, as whoever makes reports does; at which of them a try was made.
    async fn look(&self, period: &str, seconds: u64) -> Vec<u64> {
        let before = self.tries(0).len();
        for _ in 0..seconds {
            if self.delivery.owes(&address("n0"), period) {
                self.delivery.send(&address("n0"), period, &paper()).await;
            }
            tokio::time::sleep(S(1)).await;
        }
        self.tries(0).iter().skip(before).map(|t| t.second).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_and_what_arrived_is_not() {
    let script = vec![transient(None), transient(Some(S(30))), transient(None)];
    let world = World::new(vec![script], patience(), Vec::new());
    let tries = world.look("W10", 100).await;
    assert_eq!(tries.len(), 4, "{tries:?}");
    assert!(tries[1] - tries[0] <= 5 && tries[2] - tries[1] >= 30 && tries[3] - tries[2] <= 9, "doubling, and as it was asked: {tries:?}");
    assert!(world.tries(0).iter().all(|t| t.key == "k"), "the same mail each time");
    // The next period is another report, and the last one is over.
    assert_eq!(world.look("W11", 10).await.len(), 1);
    assert!(!world.delivery.owes(&address("n0"), "W11") && world.delivery.owes(&address("n1"), "W11"));
    assert!(!world.delivery.send(&address("nobody"), "W11", &paper()).await, "it is not configured any more");
}

#[tokio::test(start_paused = true)]
async fn what_never_will_arrive_is_given_up() {
    let gone = (Duration::ZERO, Outcome::Permanent { why: "550".to_owned() });
    let world = World::new(vec![vec![gone]], patience(), Vec::new());
    assert_eq!(world.look("W10", 100).await.len(), 1);
    assert_eq!(world.look("W11", 10).await.len(), 1, "another report may arrive");
    let deaf = (0..100).map(|_| transient(None)).collect();
    let world = World::new(vec![deaf], Patience { deadline: S(60), ..patience() }, Vec::new());
    let tries = world.look("W10", 600).await;
    assert!(tries.len() > 5 && tries.last().is_some_and(|last| *last <= 60), "{tries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_later_life_knows_what_was_sent_and_sends_the_rest() {
    let (mut disk, keeping) = memory(Past::default());
    let world = World::kept(vec![vec![(Duration::ZERO, Outcome::Delivered), transient(None)]], patience(), keeping);
    assert!(world.delivery.lasts() && world.delivery.send(&address("n0"), "W10", &paper()).await);
    for _ in 0..3 {
        disk.write();
        tokio::time::sleep(S(1)).await;
    }
    assert!(!world.delivery.send(&address("n0"), "W11", &paper()).await);
    let (_disk, keeping) = memory(disk.past());
    let later = World::kept(vec![Vec::new()], patience(), keeping);
    assert!(!later.delivery.owes(&address("n0"), "W10") && later.delivery.owes(&address("n0"), "W11"));
}
