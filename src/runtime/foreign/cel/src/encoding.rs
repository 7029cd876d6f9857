//! Values as bytes, as properties are encoded (ABI 0.2.1, proxy_get_property).

use cel::objects::Key;
use cel::Value;

/// Nothing for what has no encoding: null, or a time beyond 64 bits of nanoseconds.
pub fn encode(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Bool(value) => vec![u8::from(*value)],
        Value::Int(value) => value.to_le_bytes().to_vec(),
        Value::UInt(value) => value.to_le_bytes().to_vec(),
        Value::Float(value) => value.to_le_bytes().to_vec(),
        Value::Timestamp(time) => time.timestamp_nanos_opt()?.to_le_bytes().to_vec(),
        Value::Duration(time) => time.num_nanoseconds()?.to_le_bytes().to_vec(),
        Value::List(items) => {
            let pairs = items.iter().map(|item| Some((encode(item)?, Vec::new())));
            encode_pairs(&pairs.collect::<Option<Vec<_>>>()?)?
        }
        Value::Map(map) => {
            let pairs = map.map.iter().map(|(key, value)| Some((encode_key(key), encode(value)?)));
            let mut pairs = pairs.collect::<Option<Vec<_>>>()?;
            pairs.sort(); // A map has no order; its encoding is the same every time.
            encode_pairs(&pairs)?
        }
        _ => return None,
    })
}

fn encode_key(key: &Key) -> Vec<u8> {
    match key {
        Key::Int(value) => value.to_le_bytes().to_vec(),
        Key::Uint(value) => value.to_le_bytes().to_vec(),
        Key::Bool(value) => vec![u8::from(*value)],
        Key::String(text) => text.as_bytes().to_vec(),
    }
}

/// A serialized map: the count, the sizes of all names and values, then each of these with a NUL.
fn encode_pairs(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut bytes = u32::try_from(pairs.len()).ok()?.to_le_bytes().to_vec();
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
    }
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(part);
        bytes.push(0);
    }
    Some(bytes)
}

/// The pairs of a serialized map. Nothing where it is not well-formed.
pub fn decode_map(bytes: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (sizes, mut texts) = rest.split_at_checked(count.checked_mul(8)?)?;

    let mut parts = Vec::with_capacity(count * 2);
    for size in sizes.chunks_exact(4) {
        let size = u32::from_le_bytes(size.try_into().ok()?) as usize;
        let (text, after) = texts.split_at_checked(size)?;
        let (_nul, after) = after.split_first()?;
        parts.push(text);
        texts = after;
    }
    let mut parts = parts.into_iter();
    Some(std::iter::from_fn(move || Some((parts.next()?, parts.next()?))))
}
