//! Values that go into statements and come out of rows: null, 64-bit integer, double, text, bytes.

use std::borrow::Cow;

/// One column's value. Texts and bytes are borrowed on the way in and owned on the way out.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    #[default]
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Int(i) => Value::Int(i),
            Value::Real(r) => Value::Real(r),
            Value::Text(s) => Value::Text(Cow::Owned(s.into_owned())),
            Value::Blob(b) => Value::Blob(Cow::Owned(b.into_owned())),
        }
    }

    /// The kind alone: what may be said in a log without telling the value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "an integer",
            Value::Real(_) => "a double",
            Value::Text(_) => "a text",
            Value::Blob(_) => "a blob",
        }
    }
}

/// What may be given to a statement (`args![…]`).
pub trait ToValue {
    /// The value, borrowing from `self` where it can.
    fn to_value(&self) -> Value<'_>;
}

/// What a column can be read as. `None`: the column holds another kind of value.
pub trait FromValue: Sized {
    /// Takes the value out.
    fn from_value(value: Value<'static>) -> Option<Self>;
}

macro_rules! integers { ($($t:ty),*) => { $(
    impl ToValue for $t {
        fn to_value(&self) -> Value<'_> {
            Value::Int(i64::from(*self))
        }
    }
    impl FromValue for $t {
        fn from_value(value: Value<'static>) -> Option<Self> {
            let Value::Int(i) = value else { return None };
            <$t>::try_from(i).ok()
        }
    }
)* } }
integers!(i64, i32, i16, u32, u16, u8);

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value<'_> {
        Value::Real(*self)
    }
}

impl FromValue for f64 {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Real(r) => Some(r),
            _ => None,
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl ToValue for Cow<'_, str> {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl FromValue for String {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Text(s) => Some(s.into_owned()),
            _ => None,
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(Cow::Borrowed(self))
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(Cow::Borrowed(self))
    }
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(Cow::Borrowed(self))
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Blob(b) => Some(b.into_owned()),
            _ => None,
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Blob(b) => b.as_ref().try_into().ok(),
            _ => None,
        }
    }
}

impl ToValue for Value<'_> {
    fn to_value(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Int(i) => Value::Int(*i),
            Value::Real(r) => Value::Real(*r),
            Value::Text(s) => Value::Text(Cow::Borrowed(s)),
            Value::Blob(b) => Value::Blob(Cow::Borrowed(b)),
        }
    }
}

impl FromValue for Value<'static> {
    fn from_value(value: Value<'static>) -> Option<Self> {
        Some(value)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'static>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

// ---- the ground's own types ------------------------------------------------------------

/// Microseconds since 1970 UTC.
impl ToValue for base::Instant {
    fn to_value(&self) -> Value<'_> {
        Value::Int(self.micros())
    }
}

impl FromValue for base::Instant {
    fn from_value(value: Value<'static>) -> Option<Self> {
        i64::from_value(value).map(base::Instant::from_micros)
    }
}

/// `YYYY-MM-DD`.
impl ToValue for base::Day {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Owned(self.to_string()))
    }
}

impl FromValue for base::Day {
    fn from_value(value: Value<'static>) -> Option<Self> {
        let Value::Text(s) = value else { return None };
        s.parse().ok()
    }
}

/// The UUID's text.
impl<K> ToValue for base::Id<K> {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Owned(self.to_string()))
    }
}

impl<K> FromValue for base::Id<K> {
    fn from_value(value: Value<'static>) -> Option<Self> {
        let Value::Text(s) = value else { return None };
        s.parse().ok()
    }
}

/// Whole đồng.
impl ToValue for base::Dong {
    fn to_value(&self) -> Value<'_> {
        Value::Int(self.amount())
    }
}

impl FromValue for base::Dong {
    fn from_value(value: Value<'static>) -> Option<Self> {
        i64::from_value(value).and_then(base::Dong::new)
    }
}

/// The values of a statement's `$1`, `$2` …: `args![id, &name, None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($e:expr),* $(,)?) => { &[$($crate::ToValue::to_value(&$e)),*][..] };
}
