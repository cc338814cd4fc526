//! One part of the snapshot: changed in place, copied when somebody asks.
//!
//! An event costs a flag; the copy is made when a reader wants the part and it has
//! changed since the last one. So a hundred thousand quotes between two frames cost
//! one copy, and a reader never waits for more than that.

use std::sync::Arc;

/// A value and the copy that readers hold.
#[derive(Debug)]
pub(in crate::view) struct Part<T> {
    live: T,
    shared: Arc<T>,
    has_changed: bool,
}

impl<T: Clone> Part<T> {
    pub(in crate::view) fn new(value: T) -> Self {
        Self { shared: Arc::new(value.clone()), live: value, has_changed: false }
    }

    /// The value, for reading.
    pub(in crate::view) const fn get(&self) -> &T {
        &self.live
    }

    /// The value, for change.
    pub(in crate::view) const fn change(&mut self) -> &mut T {
        self.has_changed = true;
        &mut self.live
    }

    /// The copy for readers, made anew when the value has changed.
    pub(in crate::view) fn share(&mut self) -> Arc<T> {
        if self.has_changed {
            self.shared = Arc::new(self.live.clone());
            self.has_changed = false;
        }
        Arc::clone(&self.shared)
    }
}

impl<T: Clone + Default> Default for Part<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}
