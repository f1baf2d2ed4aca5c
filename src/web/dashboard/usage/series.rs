//! Counts over a time, in equal parts, as the chart and its table show them.

use serde::Deserialize;

use crate::domain::time::Timestamp;
use crate::web::dashboard::duration::{Num, counted};
use crate::web::dashboard::view::When;

const DAY_SECONDS: i64 = 86_400;

/// The last days that are looked at, today's beginning included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard) struct Span {
    pub(in crate::web::dashboard) days: i64,
    /// The length of one bar.
    pub(in crate::web::dashboard) bar_seconds: i64,
    /// The start of its first day, UTC.
    pub(in crate::web::dashboard) from: Timestamp,
}

impl Span {
    /// What the parameter `days` asks for: 30, or 7 for anything else.
    pub(in crate::web::dashboard) fn of(days: &str, now: Timestamp) -> Self {
        let (days, bar_seconds) = if days == "30" { (30, DAY_SECONDS) } else { (7, DAY_SECONDS / 4) };
        let today = now.unix() - now.unix().rem_euclid(DAY_SECONDS);
        Self { days, bar_seconds, from: Timestamp::from_unix(today - (days - 1) * DAY_SECONDS) }
    }
}

/// Sums, as the API tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(in crate::web::dashboard) struct Sums {
    pub(in crate::web::dashboard) tokens: i64,
    pub(in crate::web::dashboard) refusals: i64,
}

/// Counts by bar.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Series {
    pub(in crate::web::dashboard) span: Span,
    pub(in crate::web::dashboard) bars: Vec<Sums>,
}

/// A day of the table.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Day {
    pub(in crate::web::dashboard) start: When,
    pub(in crate::web::dashboard) tokens: Num,
    pub(in crate::web::dashboard) refusals: Num,
}

impl Series {
    /// Nothing yet.
    pub(in crate::web::dashboard) fn new(span: Span) -> Self {
        let bars = usize::try_from(span.days * DAY_SECONDS / span.bar_seconds).unwrap_or_default();
        Self { span, bars: vec![Sums::default(); bars] }
    }

    /// Counts more at a moment; what lies outside is left out.
    pub(in crate::web::dashboard) fn add(&mut self, moment: Timestamp, more: Sums) {
        if let Some(bar) = self.at(moment) {
            bar.tokens += more.tokens;
            bar.refusals += more.refusals;
        }
    }

    fn at(&mut self, moment: Timestamp) -> Option<&mut Sums> {
        let index = (moment.unix() - self.span.from.unix()).div_euclid(self.span.bar_seconds);
        self.bars.get_mut(usize::try_from(index).ok()?)
    }

    /// The sums of each day, the newest first.
    pub(in crate::web::dashboard) fn days(&self) -> Vec<Day> {
        let per_day = usize::try_from(DAY_SECONDS / self.span.bar_seconds).unwrap_or(1).max(1);
        let days = self.bars.chunks(per_day).zip(0..).map(|(bars, day)| Day {
            start: When(self.span.from.plus_seconds(day * DAY_SECONDS)),
            tokens: Num(bars.iter().map(|bar| bar.tokens).sum()),
            refusals: Num(bars.iter().map(|bar| bar.refusals).sum()),
        });
        let mut days: Vec<Day> = days.collect();
        days.reverse();
        days
    }

    /// The picture in a sentence, for those who do not see it.
    pub(in crate::web::dashboard) fn in_words(&self) -> String {
        let total = |of: fn(&Sums) -> i64| self.bars.iter().map(of).sum::<i64>();
        let (tokens, refusals) = (total(|bar| bar.tokens), total(|bar| bar.refusals));
        let of_bar = if self.span.bar_seconds == DAY_SECONDS { "day" } else { "six hours" };
        let most = self.bars.iter().map(|bar| bar.tokens).max().unwrap_or_default();
        format!(
            "Chart of the last {} days: {} and {}; at most {} within {of_bar}.",
            self.span.days,
            counted(tokens, "token"),
            counted(refusals, "refusal"),
            counted(most, "token"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_unix(1_800_014_400);

    #[test]
    fn a_week_has_28_bars_and_ends_today() {
        let mut series = Series::new(Span::of("7", NOON));
        assert_eq!((series.bars.len(), series.span.from.to_string().as_str()), (28, "2027-01-09T00:00:00Z"));
        series.at(NOON).unwrap().tokens += 5;
        series.at(NOON.plus_seconds(-6 * DAY_SECONDS)).unwrap().refusals += 2;
        assert!(series.at(NOON.plus_seconds(-7 * DAY_SECONDS)).is_none());
        assert!(series.at(NOON.plus_seconds(DAY_SECONDS)).is_none());
        let days = series.days();
        assert_eq!((days.len(), days[0].tokens.0, days[6].refusals.0), (7, 5, 2));
        assert_eq!(series.in_words(), "Chart of the last 7 days: 5 tokens and 2 refusals; at most 5 tokens within six hours.");
    }

    #[test]
    fn a_month_has_30_bars_and_is_no_longer_than_one_may_ask() {
        let span = Span::of("30", NOON);
        assert_eq!(Series::new(span).bars.len(), 30);
        assert!(NOON.unix() - span.from.unix() <= 31 * DAY_SECONDS);
        assert_eq!(Span::of("x", NOON), Span::of("7", NOON));
    }
}
