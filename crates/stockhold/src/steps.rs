//! The steps that outlive the process: commits, calls to Stripe, letters. A test numbers them and lets the process die
//! at each; in a shop nobody watches, and a step costs one look at an empty field.

use std::fmt;
use std::sync::Arc;

/// Something that is still there after the process is gone, or a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A save of the ledger, or a guarded statement beside it.
    Commit,
    /// A request to Stripe.
    Call,
    Letter,
    /// Changes nothing; whoever is dead cannot do it either.
    Read,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Happens,
    /// The process died before it.
    NeverHappens,
    /// It happened, and nobody here learns of it: the process died after it, or its answer was lost.
    LosesItsAnswer,
    HappensTwice,
}

/// Decides what becomes of each step.
pub trait Watcher: Send + Sync {
    fn next(&self, step: Step) -> Course;
}

/// Whoever watches; in a shop, nobody.
#[derive(Clone, Default)]
pub struct Steps(Option<Arc<dyn Watcher>>);

impl Steps {
    pub fn watched_by(watcher: Arc<dyn Watcher>) -> Steps {
        Steps(Some(watcher))
    }

    pub fn next(&self, step: Step) -> Course {
        self.0.as_ref().map_or(Course::Happens, |watcher| watcher.next(step))
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Steps(watched)" } else { "Steps" })
    }
}
