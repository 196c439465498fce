//! Places: where parcels go and taxes are due, by country and region. The narrower place wins.

use std::fmt;

/// An ISO 3166-1 country, two letters in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The part of an ISO 3166-2 code after the country: `CA` of `US-CA`, one to three letters or digits in upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub country: Country,
    pub region: Option<Region>,
}

/// What a zone or a tax rate covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Wherever no other place is named.
    Everywhere,
    Country(Country),
    Region(Country, Region),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("A country is written as two letters, such as DE.")]
    NotACountry,
    #[error("A region is written as one to three letters or digits, such as CA for California.")]
    NotARegion,
}

impl Destination {
    /// Nobody has said where to; `ZZ` is nobody's code (ISO 3166-1 leaves it to users).
    pub const UNKNOWN: Destination = Destination { country: Country(*b"ZZ"), region: None };
}

impl Country {
    pub fn parse(code: &str) -> Result<Country, PlaceError> {
        let bytes: [u8; 2] = code.as_bytes().try_into().map_err(|_| PlaceError::NotACountry)?;
        if !bytes.iter().all(u8::is_ascii_alphabetic) {
            return Err(PlaceError::NotACountry);
        }
        Ok(Country(bytes.map(|b| b.to_ascii_uppercase())))
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are let in")
    }
}

impl Region {
    pub fn parse(code: &str) -> Result<Region, PlaceError> {
        let fits = (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Region(code.to_ascii_uppercase())).ok_or(PlaceError::NotARegion)
    }

    pub fn code(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// Reads `*`, `DE` or `US-CA`.
    pub fn parse(text: &str) -> Result<Place, PlaceError> {
        match text.split_once('-') {
            None if text == "*" => Ok(Place::Everywhere),
            None => Country::parse(text).map(Place::Country),
            Some((country, region)) => Ok(Place::Region(Country::parse(country)?, Region::parse(region)?)),
        }
    }

    pub fn covers(&self, destination: &Destination) -> bool {
        match self {
            Place::Everywhere => true,
            Place::Country(country) => *country == destination.country,
            Place::Region(country, region) => {
                *country == destination.country && Some(region) == destination.region.as_ref()
            }
        }
    }

    /// Whether whatever goes to `other` goes to this place too.
    pub fn includes(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Everywhere, _) => true,
            (Place::Country(own), Place::Country(other) | Place::Region(other, _)) => own == other,
            (Place::Region(..), Place::Region(..)) => self == other,
            (Place::Country(_) | Place::Region(..), Place::Everywhere) | (Place::Region(..), Place::Country(_)) => {
                false
            }
        }
    }

    /// How narrow the place is: of two that cover a destination, the narrower one counts.
    pub fn narrowness(&self) -> u8 {
        match self {
            Place::Everywhere => 0,
            Place::Country(_) => 1,
            Place::Region(..) => 2,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Everywhere => f.write_str("*"),
            Place::Country(country) => f.write_str(country.code()),
            Place::Region(country, region) => write!(f, "{}-{}", country.code(), region.code()),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country.code())?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, "-{}", region.code()))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["*", "DE", "US-CA", "GB-NIR", "FR-20R"] {
            assert_eq!(Place::parse(text).map(|place| place.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(Place::parse("us-ca"), Place::parse("US-CA"));
        for text in ["", "D", "DEU", "1A", "US-", "US-CALI", "US-C A", "中"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
