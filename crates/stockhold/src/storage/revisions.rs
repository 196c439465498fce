//! What whoever writes believes to stand. It is checked in the transaction that writes, so that of two who change the same
//! thing at once one hears of the other, and nothing is overwritten unseen.
//!
//! A revision is a number that every change raises. It begins at the moment of making: a thing that was taken away and made
//! anew is not taken for the one that was read.

/// What must stand for a write to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It is new.
    Nothing,
    /// It is there, as whatever.
    Something,
    /// It is as it was read.
    Revision(i64),
}

impl Expected {
    /// Whether it holds of what was just read; the write asks again.
    pub fn holds(self, stands: Option<i64>) -> bool {
        match self {
            Expected::Nothing => stands.is_none(),
            Expected::Something => stands.is_some(),
            Expected::Revision(revision) => stands == Some(revision),
        }
    }

    /// For the guard of a change: none lets any revision pass.
    pub fn revision(self) -> Option<i64> {
        match self {
            Expected::Revision(revision) => Some(revision),
            Expected::Nothing | Expected::Something => None,
        }
    }
}

/// What became of a wish to take something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    Done,
    NotThere,
    /// Somebody changed it since it was read.
    NotAsRead,
}
