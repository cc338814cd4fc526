//! Layer 3: the outside market. One folder per broker; [`sim`] is the embedded one.

pub mod sim;
