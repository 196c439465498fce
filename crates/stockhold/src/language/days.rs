//! Days as the shop's clock shows them: some have 23 hours, some 25, and some begin at one o'clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rules::time::Timestamp;

use super::{first_shown, written};

/// More days than a report of ten years has.
const DAYS_MAX: usize = 3_700;

/// One day, from its first moment to the first moment of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// The last `count` days, today's the last of them.
pub fn last_days(now: Timestamp, time_zone: &str, count: usize) -> Vec<Day> {
    let zone = zone(time_zone);
    let Some(today) = date_of(now, &zone) else { return Vec::new() };
    let mut days = Vec::with_capacity(count);
    let mut date = today;
    for _ in 0..count {
        days.extend(day(date, &zone));
        let Ok(before) = date.yesterday() else { break };
        date = before;
    }
    days.reverse();
    days
}

/// The days from one date to another, both among them, as `2026-11-26` is written. None: no dates, or none in this order, or
/// more than anybody reads.
pub fn days_between(first: &str, last: &str, time_zone: &str) -> Option<Vec<Day>> {
    let zone = zone(time_zone);
    let (first, last): (Date, Date) = (first.parse().ok()?, last.parse().ok()?);
    let mut days = Vec::new();
    let mut date = first;
    while date <= last {
        if days.len() == DAYS_MAX {
            return None;
        }
        days.push(day(date, &zone)?);
        date = date.tomorrow().ok()?;
    }
    (!days.is_empty()).then_some(days)
}

/// The date that the shop's clock shows, for machines and date fields: `2026-11-26`.
pub fn machine_date(at: Timestamp, time_zone: &str) -> String {
    written("%Y-%m-%d", at, time_zone)
}

fn day(date: Date, zone: &TimeZone) -> Option<Day> {
    let begins = |date: Date| {
        let moment = first_shown(zone, date.at(0, 0, 0, 0))?;
        Some(Timestamp::from_micros(moment.as_microsecond()))
    };
    Some(Day { start: begins(date)?, end: begins(date.tomorrow().ok()?)? })
}

fn date_of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_microsecond(at.micros()).ok()?.to_zoned_datetime(zone.clone()).date())
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().expect("a moment").as_microsecond())
    }

    #[test]
    fn a_day_is_what_the_shops_clock_shows() {
        let hours = |day: &Day| (day.end - day.start).as_micros() / 3_600_000_000;
        let days = last_days(moment("2026-11-26T23:30:00Z"), "Asia/Hong_Kong", 2);
        assert_eq!(days[1].start, moment("2026-11-26T16:00:00Z"), "there it is the 27th already");
        assert_eq!((days.len(), days[0].end), (2, days[1].start));
        let autumn = days_between("2026-10-24", "2026-10-26", "Europe/Paris").expect("three days");
        assert_eq!(autumn.iter().map(hours).collect::<Vec<_>>(), [24, 25, 24]);
        let spring = days_between("2026-03-29", "2026-03-29", "Europe/Paris").expect("a day");
        assert_eq!(hours(&spring[0]), 23);
        assert_eq!(machine_date(days[1].start, "Asia/Hong_Kong"), "2026-11-27");
        for (first, last) in
            [("", "2026-01-01"), ("2026-01-02", "2026-01-01"), ("0001-01-01", "2026-01-01"), ("x", "y")]
        {
            assert_eq!(days_between(first, last, "UTC"), None, "{first} {last}");
        }
    }

    /// `storage::today` counts in quarters of an hour, of which days are made here.
    #[test]
    fn every_day_begins_on_a_quarter_of_an_hour() {
        for zone in ["Asia/Kathmandu", "Australia/Eucla", "Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns"]
        {
            for day in last_days(moment("2026-11-26T12:00:00Z"), zone, 400) {
                assert_eq!(day.start.micros() % 900_000_000, 0, "{zone}");
            }
        }
    }
}
