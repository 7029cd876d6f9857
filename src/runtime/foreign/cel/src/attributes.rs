//! The names that an expression knows: the attributes of the host, looked up when they are met.

use cel::common::traits::Indexer;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelMap, CelMapKey, CelString, CelTimestamp,
    CelUInt, Type,
};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::ExecutionError;

use crate::{encoding, meter, Bytes, Host};

/// Names that only stand before others: `request` is no value that the host has, but `request.path`
/// and `request['path']` are.
const GROUPS: [&str; 9] = [
    "connection",
    "destination",
    "filter_state",
    "request",
    "response",
    "source",
    "upstream",
    "upstream_filter_state",
    "xds",
];

#[derive(Clone, Copy)]
pub struct Attributes<'h> {
    host: &'h Host,
}

// `cel` asks for both of every value; an evaluation stays on the thread that began it.
unsafe impl Send for Attributes<'_> {}
unsafe impl Sync for Attributes<'_> {}

impl<'h> Attributes<'h> {
    pub fn new(host: &'h Host) -> Self {
        Attributes { host }
    }

    fn find(&self, path: &str) -> Option<Box<dyn Val + 'h>> {
        let mut bytes = Bytes::of(&[]);
        let kind = unsafe {
            (self.host.lookup)(self.host.context, Bytes::of(path.as_bytes()), &mut bytes)
        };
        let bytes = unsafe { bytes.get() };
        meter::pay_for_bytes(bytes.len());
        value_of(kind, bytes)
    }
}

impl VariableResolver for Attributes<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let value = self.find(&name.replace('.', "\0")).or_else(|| {
            let group = GROUPS
                .contains(&name)
                .then(|| Group { name: name.to_owned(), attributes: *self })?;
            Some(Box::new(group) as Box<dyn Val + 'b>)
        });
        value.map(CowVal::Owned)
    }
}

/// `kind` is a WeirCelType. Nothing where the bytes are not as that says.
fn value_of<'v>(kind: u8, bytes: &[u8]) -> Option<Box<dyn Val + 'v>> {
    let word = || Some(u64::from_le_bytes(bytes.try_into().ok()?));
    Some(match kind {
        1 => Box::new(CelString::from(String::from_utf8_lossy(bytes).into_owned())),
        2 => Box::new(CelBytes::from(bytes.to_vec())),
        3 => Box::new(CelBool::from(*bytes.first()? != 0)),
        4 => Box::new(CelInt::from(word()? as i64)),
        5 => Box::new(CelUInt::from(word()?)),
        6 => Box::new(CelDouble::from(f64::from_bits(word()?))),
        7 => Box::new(CelTimestamp::from(
            chrono::DateTime::from_timestamp_nanos(word()? as i64).fixed_offset(),
        )),
        8 => Box::new(CelDuration::from(chrono::Duration::nanoseconds(word()? as i64))),
        9 => Box::new(CelMap::from(
            encoding::decode_map(bytes)?
                .map(|(name, value)| {
                    let key = CelMapKey::from(String::from_utf8_lossy(name).into_owned());
                    let value = CelString::from(String::from_utf8_lossy(value).into_owned());
                    (key, Box::new(value) as Box<dyn Val + 'v>)
                })
                .collect::<std::collections::HashMap<_, _>>(),
        )),
        _ => return None,
    })
}

static GROUP: Type = Type::new_unspecified_type("weir.attributes");

/// One of GROUPS.
#[derive(Clone)]
struct Group<'h> {
    name: String,
    attributes: Attributes<'h>,
}

impl std::fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Val for Group<'_> {
    fn get_type(&self) -> &Type {
        &GROUP
    }

    fn cel_type() -> &'static Type {
        &GROUP
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}

impl Indexer for Group<'_> {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = field.downcast_ref::<CelString>().map(CelString::inner).unwrap_or_default();
        let value = self.attributes.find(&format!("{}\0{name}", self.name));
        value.map(CowVal::Owned).ok_or_else(|| ExecutionError::no_such_key(name))
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}
