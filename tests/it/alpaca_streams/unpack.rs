//! Reads `MessagePack` by its specification, without the library that wrote it.
//!
//! A timestamp becomes the text `ext:` with its seconds and nanoseconds; a double
//! becomes a JSON number.

use serde_json::{Map, Value, json};

/// Reads one value that fills the bytes.
pub(crate) fn unpack(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    let value = next(&mut rest);
    assert!(rest.is_empty(), "bytes are left over");
    value
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn length(rest: &mut &[u8], size: usize) -> usize {
    usize::try_from(number(take(rest, size))).unwrap()
}

fn next(rest: &mut &[u8]) -> Value {
    match length(rest, 1) {
        tag @ 0x00..=0x7f => json!(tag),
        tag @ 0x80..=0x8f => map(rest, tag & 0x0f),
        tag @ 0x90..=0x9f => list(rest, tag & 0x0f),
        tag @ 0xa0..=0xbf => text(rest, tag & 0x1f),
        0xc0 => Value::Null,
        0xc2 => json!(false),
        0xc3 => json!(true),
        0xcb => json!(f64::from_bits(number(take(rest, 8)))),
        tag @ 0xcc..=0xcf => json!(number(take(rest, 1 << (tag - 0xcc)))),
        0xd6 => timestamp(rest, 4),
        0xd7 => timestamp(rest, 8),
        0xd9 => {
            let length = length(rest, 1);
            text(rest, length)
        }
        0xdc => {
            let length = length(rest, 2);
            list(rest, length)
        }
        tag => panic!("tag {tag:x} is not expected"),
    }
}

fn text(rest: &mut &[u8], length: usize) -> Value {
    json!(std::str::from_utf8(take(rest, length)).unwrap())
}

fn list(rest: &mut &[u8], length: usize) -> Value {
    (0..length).map(|_| next(rest)).collect()
}

fn map(rest: &mut &[u8], length: usize) -> Value {
    let mut fields = Map::new();
    for at in 0..length {
        let Value::String(name) = next(rest) else { panic!("a key is a text") };
        let is_first = at == 0;
        assert_eq!(name == "T", is_first, "the kind is the first key and only that");
        fields.insert(name, next(rest));
    }
    Value::Object(fields)
}

fn timestamp(rest: &mut &[u8], length: usize) -> Value {
    assert_eq!(take(rest, 1), [0xff], "extension type −1");
    let value = number(take(rest, length));
    let (seconds, nanos) =
        if length == 4 { (value, 0) } else { (value & ((1 << 34) - 1), value >> 34) };
    json!(format!("ext:{seconds}.{nanos:09}"))
}
