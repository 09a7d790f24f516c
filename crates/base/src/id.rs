//! Typed identifiers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A UUIDv7 that knows what it names: `Id<DossierKind>` is no `Id<AccountKind>`.
///
/// Its text is the canonical form, 36 characters in lower case with hyphens; ids sort by their
/// moment of birth.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// The text is no canonical identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier in canonical form")]
pub struct IdError;

impl<K> Id<K> {
    /// A new identifier, later than all that this process made before. Its time part orders ids and
    /// is never read as a date, so it comes from the machine and not from a [`crate::Clock`].
    pub fn fresh() -> Self {
        Id(Uuid::now_v7(), PhantomData)
    }

    /// The identifier of a UUID made elsewhere.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Id(uuid, PhantomData)
    }

    /// The bare UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(out)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Id({self})")
    }
}

impl<K> FromStr for Id<K> {
    type Err = IdError;

    /// Only the canonical form: one identifier has one text, in addresses and in rows.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let uuid = Uuid::try_parse(text).map_err(|_| IdError)?;
        let mut canonical = Uuid::encode_buffer();
        if uuid.as_hyphenated().encode_lower(&mut canonical) != text {
            return Err(IdError);
        }
        Ok(Id(uuid, PhantomData))
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(input)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Dossier {}

    #[test]
    fn ids_are_born_in_order_and_read_back() {
        let ids: Vec<Id<Dossier>> = (0..1_000).map(|_| Id::fresh()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b && a.to_string() < b.to_string()));
        for id in ids {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.uuid().get_version_num(), 7);
        }
    }

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let good = "0193f0a0-7b1c-7def-8abc-0123456789ab";
        assert_eq!(good.parse::<Id<Dossier>>().unwrap().to_string(), good);
        let braced = format!("{{{good}}}");
        let urn = format!("urn:uuid:{good}");
        let bare = good.replace('-', "");
        let upper = good.to_uppercase();
        for bad in ["", "1", &braced, &urn, &bare, &upper, "../../etc/passwd"] {
            assert_eq!(bad.parse::<Id<Dossier>>(), Err(IdError), "{bad}");
        }
        let json = format!("\"{good}\"");
        let id: Id<Dossier> = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), json);
    }
}
