//! Layer: to be written.
