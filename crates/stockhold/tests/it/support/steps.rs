//! The steps of a journey, numbered: a test lets the process die after one, lose its answer, or do it twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stockhold::shop::{Conduct, Shop};
use stockhold::steps::{Course, Step, Steps, Watcher};
use stockhold::stripe::client::Timeouts;

use super::shop::TestShop;
use super::shop::quick;

/// What happens at the step that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The process dies before its first step.
    DiesAtOnce,
    /// It is done and the process is dead: nobody reads the answer, nothing follows. The same world as a death before
    /// the next step.
    DiesAfter,
    /// It is done, the answer is lost, the process lives on: a commit that is not known to have been one.
    AnswerLost,
    Twice,
}

/// Watches the steps of one process from [`Plan::arm`] on.
#[derive(Debug)]
pub struct Plan {
    mishap: Mishap,
    /// At which step; 0: never.
    at: u64,
    armed: AtomicBool,
    dead: AtomicBool,
    seen: AtomicU64,
}

impl Plan {
    pub fn new(mishap: Mishap, at: u64) -> Arc<Plan> {
        let (armed, dead) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Plan { mishap, at, armed, dead, seen: AtomicU64::new(0) })
    }

    /// Nothing happens; the steps are counted.
    pub fn none() -> Arc<Plan> {
        Plan::new(Mishap::Twice, 0)
    }

    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
        self.dead.store(self.mishap == Mishap::DiesAtOnce, Ordering::SeqCst);
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Watcher for Plan {
    fn next(&self, step: Step) -> Course {
        if self.is_dead() {
            return Course::NeverHappens;
        }
        if step == Step::Read || !self.armed.load(Ordering::SeqCst) {
            return Course::Happens;
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
            return Course::Happens;
        }
        match self.mishap {
            Mishap::DiesAtOnce => Course::Happens,
            Mishap::DiesAfter => {
                self.dead.store(true, Ordering::SeqCst);
                Course::LosesItsAnswer
            }
            Mishap::AnswerLost => Course::LosesItsAnswer,
            Mishap::Twice => Course::HappensTwice,
        }
    }
}

/// A process of the shop over the test shop's database, whose steps are watched; one try for each call when `patience`
/// says so.
pub async fn process(of: &TestShop, plan: Arc<Plan>, patience: Timeouts) -> Arc<Shop> {
    let conduct = Conduct { patience, steps: Steps::watched_by(plan) };
    Shop::open_with(of.shop.config.clone(), of.shop.clock.clone(), conduct).await.expect("the shop opens")
}

/// Another process, which nobody watches.
pub async fn another_process(of: &TestShop) -> Arc<Shop> {
    process(of, Plan::none(), quick()).await
}
