//! The ground of Cửu Long: what every other crate may know and nothing else.
//!
//! Days and instants of Asia/Ho_Chi_Minh, the clock that is passed down, typed ids, whole đồng, the
//! working calendar with its legal limits, the lunar calendar behind the holidays, Vietnamese folding
//! and collation, the numbers people carry, the formats of the pages, and the limits of the product.
//!
//! Everything is pure: no database, no HTTP, no async. Functions return facts (numbers, days, enums),
//! never sentences; the words live in the crates that show pages. The one place that reads the
//! machine's clock is [`Clock::system`].

mod clock;
mod dong;
mod id;
mod time;

pub mod calendar;
pub mod format;
pub mod limits;
pub mod lunar;
pub mod number;
pub mod text;

pub use calendar::{Calendar, Due, Limit, OfficeHours};
pub use clock::{Clock, Hand};
pub use dong::{Dong, DongError};
pub use id::{Id, IdError};
pub use time::{Day, DayError, Instant, InstantError, Weekday};

/// Serde of a type as the text of its `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;
