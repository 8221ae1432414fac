//! What is kept, with a store that the test writes by hand.

use crossbeam::channel::{Receiver, unbounded};

use super::*;
use crate::store::Step;

/// A store in memory that writes when it is told to.
pub(super) struct Memory {
    jobs: Receiver<Job>,
    past: Past,
}

impl Memory {
    /// Writes what came until now; how many steps that were.
    pub(super) fn write(&mut self) -> usize {
        let steps: Vec<Job> = self.jobs.try_iter().collect();
        let count = steps.len();
        for job in steps {
            let Job::Deliveries(step) = job else { panic!("{job:?}") };
            let Step { rows, read, told, written } = *step;
            for row in rows {
                let key = (row.kind.to_owned(), row.key);
                match row.body {
                    Some(body) => self.past.rows.insert(key, body),
                    None => self.past.rows.remove(&key),
                };
            }
            self.past.bodies.extend(read);
            self.past.told = told;
            let _ = written.send(());
        }
        count
    }

    /// What a later life would find.
    pub(super) fn past(&self) -> Past {
        Past { rows: self.past.rows.clone(), bodies: self.past.bodies.clone(), told: self.past.told }
    }
}

pub(super) fn memory(past: Past) -> (Memory, Keeping) {
    let (store, jobs) = unbounded();
    let keeping = Keeping { store, past: Past { rows: past.rows.clone(), bodies: past.bodies.clone(), told: past.told } };
    (Memory { jobs, past }, keeping)
}

async fn second() {
    tokio::time::sleep(S(1)).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_the_disk_has_it_and_all_of_it_once_it_has() {
    let (mut disk, keeping) = memory(Past::default());
    let world = World::kept(vec![Vec::new()], patience(), keeping);
    world.say("a", Status::Firing);
    world.say("b", Status::Firing);
    tokio::time::sleep(S(600)).await;
    assert_eq!(world.tries(0).len(), 0, "the disk is full");
    let delivery = world.delivery.clone();
    let durable = tokio::spawn(async move { delivery.durable().await });
    tokio::time::sleep(S(600)).await;
    assert!(!durable.is_finished());
    // One step was on its way; the other was gathered meanwhile.
    assert_eq!(disk.write(), 1);
    second().await;
    assert_eq!((world.tries(0).len(), disk.write()), (1, 1), "the answer of the first is not kept yet");
    second().await;
    assert!(durable.is_finished());
    for _ in 0..5 {
        disk.write();
        second().await;
    }
    assert_eq!(world.told(0).iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(world.delivery.letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_stop_is_durable_before_it_ends() {
    let (mut disk, keeping) = memory(Past::default());
    let world = World::kept(vec![vec![(S(1), Outcome::Delivered)], vec![transient(None)]], patience(), keeping);
    world.say("a", Status::Firing);
    let stop = tokio::spawn({
        let delivery = world.delivery.clone();
        async move { delivery.stop(S(60)).await }
    });
    while !stop.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        disk.write();
    }
    assert_eq!((world.tries(0).len(), world.tries(1).len()), (1, 1));
    // One has it, the other is still to have it.
    let left = journal::letters(&disk.past.rows, &disk.past.bodies).expect("what was written");
    assert_eq!(left.iter().map(|f| (f.target.as_str(), f.waiting.tries)).collect::<Vec<_>>(), [("n1", 1)]);
    assert!(disk.jobs.recv().is_err(), "and the store can end");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_ends_it() {
    let (disk, keeping) = memory(Past::default());
    let world = World::kept(vec![Vec::new()], patience(), keeping);
    drop(disk);
    world.say("a", Status::Firing);
    second().await;
    world.delivery.stop(S(60)).await;
    assert_eq!((world.tries(0).len(), world.notifiers[0].begun.elapsed()), (0, S(1)));
}

#[tokio::test(start_paused = true)]
async fn who_left_the_configuration_has_dead_letters_and_who_was_disabled_stays_so() {
    let (mut disk, keeping) = memory(Past::default());
    let gone = (Duration::ZERO, Outcome::Gone { why: "410".to_owned() });
    let scripts = vec![Vec::new(), vec![gone], vec![transient(Some(S(500)))]];
    let world = World::kept(scripts, patience(), keeping);
    world.say("a", Status::Firing);
    for _ in 0..5 {
        disk.write();
        second().await;
    }
    let quiet = Silence {
        id: "s".to_owned(),
        matchers: Matchers::default(),
        author: "ana".to_owned(),
        reason: "obras".to_owned(),
        starts: Timestamp(0),
        ends: Timestamp(i64::MAX),
    };
    world.delivery.silence(quiet.clone()).expect("room");
    for _ in 0..5 {
        second().await;
        disk.write();
    }
    drop(world);

    // The third is not there any more.
    let (mut disk, keeping) = memory(disk.past());
    let world = World::kept(vec![Vec::new(), Vec::new()], patience(), keeping);
    second().await;
    disk.write();
    let letters = world.delivery.letters();
    let said: Vec<_> = letters.iter().map(|l| (&*l.notifier, l.is_dead, l.why.as_str())).collect();
    assert_eq!(said, [("n1", true, "410"), ("n2", true, "the target is not configured any more")]);
    assert_eq!(world.delivery.standings()[1].disabled.as_deref(), Some("410"));
    assert_eq!(world.delivery.silences(), [quiet]);
    assert_eq!(world.codes("a"), ["firing", "sent", "sent", "sent", "delivered", "dead", "retried"]);
    assert_eq!(world.delivery.replay(letters[1].id), Err(NotThere), "there is nobody to send it to");
    assert_eq!(world.delivery.letters().len(), 2);
    world.delivery.replay(letters[0].id).expect("it is there");
    for _ in 0..5 {
        second().await;
        disk.write();
    }
    assert_eq!((world.tries(0).len(), world.tries(1).len()), (0, 1));

    // And when it is back, its letter can be sent.
    let (mut disk, keeping) = memory(disk.past());
    let world = World::kept(vec![Vec::new(), Vec::new(), Vec::new()], patience(), keeping);
    second().await;
    let letters = world.delivery.letters();
    assert_eq!((letters.len(), &*letters[0].notifier, world.delivery.standings()[1].disabled.clone()), (1, "n2", None));
    world.delivery.replay(letters[0].id).expect("it is there");
    for _ in 0..5 {
        disk.write();
        second().await;
    }
    assert_eq!((world.tries(2).len(), world.delivery.letters().len()), (1, 0));
}

#[test]
fn waits_go_on_by_the_wall_clock_and_never_back() {
    struct Both(i64, u64);
    impl Clock for Both {
        fn now(&self) -> Timestamp {
            Timestamp(self.0)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_micros(self.1)
        }
    }
    let head = journal::Head { at: Timestamp(1000), elapsed: 70, next: 1 };
    // Wall clock and time since its own start of the new life, and the time since the first start.
    for (wall, own, want) in [(1000, 0, 70), (1025, 0, 95), (1025, 4, 95), (400, 0, 70), (i64::MIN, 9, 70), (i64::MAX, 0, i64::MAX - 930)] {
        let clock = Both(wall, own);
        assert_eq!(moment(&clock, goes_on(&head, &clock)).elapsed, want, "{wall} {own}");
        let later = Both(wall, own + 5);
        assert_eq!(moment(&later, goes_on(&head, &clock)).elapsed, want + 5, "{wall} {own}");
    }
}
