//! The venue seat when the venue is outside: what may leave, and what comes back.
