//! The rules of the streams, one file for each part.

mod decode;
