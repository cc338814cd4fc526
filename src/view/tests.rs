//! Behaviour of the fold on worked examples.
