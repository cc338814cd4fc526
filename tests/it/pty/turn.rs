//! Few terminals at once: each is a whole program, and one that starves answers late.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, Weak};

/// Tests that have terminals at the same time.
const AT_ONCE: usize = 2;

static TAKEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

thread_local! {
    /// A test may have several terminals and must not wait for itself.
    static OWN: RefCell<Weak<Turn>> = const { RefCell::new(Weak::new()) };
}

/// A test's turn; it is over when the last of its terminals is gone.
pub(super) struct Turn(());

/// Waits for the turn of this test, which runs on this thread.
pub(super) fn take() -> Arc<Turn> {
    OWN.with(|own| {
        let mut own = own.borrow_mut();
        own.upgrade().unwrap_or_else(|| {
            let taken = TAKEN.0.lock().unwrap();
            *TAKEN.1.wait_while(taken, |taken| *taken >= AT_ONCE).unwrap() += 1;
            let turn = Arc::new(Turn(()));
            *own = Arc::downgrade(&turn);
            turn
        })
    })
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(mut taken) = TAKEN.0.lock() {
            *taken -= 1;
        }
        TAKEN.1.notify_one();
    }
}
