//! The chart of tokens and refusals, drawn as SVG that stands in the page: there without script, printed with it, and
//! its colours are the style sheet's, which finds each part by the colour that is written here (`css/keys.css`).

use std::fmt;
use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::series::{Day, Series};
use crate::domain::time::Timestamp;
use crate::web::api::ApiError;
use crate::web::dashboard::duration::grouped;
use crate::web::dashboard::error::PageError;

const TOKENS: RGBColor = RGBColor(0x0f, 0x76, 0x6e);
const REFUSALS: RGBColor = RGBColor(0xb4, 0x23, 0x18);
const TEXT: RGBColor = RGBColor(0x55, 0x60, 0x6d);
const GRID: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);

const DAY_SECONDS: i64 = 86_400;

/// The chart with all that belongs to it.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Figure {
    pub(in crate::web::dashboard) in_words: String,
    /// Nothing was counted: there is nothing to draw.
    pub(in crate::web::dashboard) is_empty: bool,
    pub(in crate::web::dashboard) wide: Drawing,
    pub(in crate::web::dashboard) narrow: Drawing,
    /// The same as a table.
    pub(in crate::web::dashboard) days: Vec<Day>,
}

/// A picture of some size; text in it is not scaled, so that each width has its own.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Drawing {
    pub(in crate::web::dashboard) width: u32,
    pub(in crate::web::dashboard) height: u32,
    pub(in crate::web::dashboard) marks: Marks,
}

/// What stands within `<svg>`: shapes, numbers and dates.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Marks(String);

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Marks {}

/// Where a chart stands: text keeps its size there.
#[derive(Clone, Copy, Debug)]
pub(in crate::web::dashboard) enum Room {
    /// Beside another column.
    Column,
    /// As wide as the page.
    Page,
}

impl Room {
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Column => (720, 220),
            Self::Page => (1120, 280),
        }
    }
}

impl Figure {
    /// Draws the counts.
    pub(in crate::web::dashboard) fn of(series: &Series, room: Room) -> Result<Self, PageError> {
        let by_days = if series.span.days > 7 { (5, 10) } else { (1, 2) };
        Ok(Self {
            in_words: series.in_words(),
            is_empty: series.bars.iter().all(|bar| bar.tokens == 0 && bar.refusals == 0),
            wide: draw(series, room.size(), by_days.0)?,
            narrow: draw(series, (320, 200), by_days.1)?,
            days: series.days(),
        })
    }
}

/// An axis from 0 to `end` with a mark at every `step`.
struct Axis {
    end: i64,
    step: i64,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i64;

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels")]
    fn map(&self, value: &i64, (low, high): (i32, i32)) -> i32 {
        low + (f64::from(high - low) * (*value as f64 / self.end.max(1) as f64)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i64> {
        let step = usize::try_from(self.step).unwrap_or(1).max(1);
        (0..=self.end).step_by(step).collect()
    }

    fn range(&self) -> Range<i64> {
        0..self.end
    }
}

impl ValueFormatter<i64> for Axis {
    fn format(value: &i64) -> String {
        short(*value)
    }
}

/// A round step, a few of which reach beyond `most`.
fn round_step(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = factor * unit;
            if step * 4 >= most || unit > i64::MAX / 100 {
                return step;
            }
        }
        unit *= 10;
    }
}

/// A number that has little room.
fn short(number: i64) -> String {
    match number {
        10_000_000.. => format!("{}M", grouped(number / 1_000_000)),
        10_000.. => format!("{}k", grouped(number / 1_000)),
        _ => grouped(number),
    }
}

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short]");

fn date(moment: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(moment.unix()).ok().and_then(|at| at.format(DATE).ok()).unwrap_or_default()
}

fn draw(series: &Series, (width, height): (u32, u32), days_between: i64) -> Result<Drawing, PageError> {
    let mut svg = String::new();
    draw_on(SVGBackend::with_string(&mut svg, (width, height)), series, days_between).map_err(ApiError::internal)?;
    // The page has an <svg> of its own, with a name for those who do not see it.
    let marks = svg.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>")).map(|(marks, _)| marks.to_owned());
    Ok(Drawing { width, height, marks: Marks(marks.unwrap_or_default()) })
}

fn draw_on(backend: SVGBackend<'_>, series: &Series, days_between: i64) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let root = backend.into_drawing_area();
    let most = series.bars.iter().map(|bar| bar.tokens.saturating_add(bar.refusals)).max().unwrap_or_default();
    let step = round_step(most);
    let (from, bar_seconds) = (series.span.from, series.span.bar_seconds);
    let across = Axis { end: series.span.days * DAY_SECONDS, step: days_between * DAY_SECONDS };
    // An empty chart has a line to stand on, and room above it.
    let up = Axis { end: step * most.div_euclid(step) + if most % step == 0 && most > 0 { 0 } else { step }, step };
    let mut chart = ChartBuilder::on(&root)
        .margin(6)
        .margin_right(18)
        .x_label_area_size(24)
        .y_label_area_size(40)
        .build_cartesian_2d(across, up)?;
    let label = ("sans-serif", 15).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .label_style(label)
        .x_label_formatter(&|seconds| {
            // The end of the last day is no day.
            if *seconds < series.span.days * DAY_SECONDS { date(from.plus_seconds(*seconds)) } else { String::new() }
        })
        .draw()?;
    let gap = bar_seconds / 8;
    let bar = |at: i64, low: i64, high: i64, color: RGBColor| {
        let left = at * bar_seconds;
        Rectangle::new([(left + gap, low), (left + bar_seconds - gap, high)], color.filled())
    };
    for (at, sums) in (0..).zip(&series.bars) {
        if sums.tokens > 0 {
            chart.draw_series([bar(at, 0, sums.tokens, TOKENS)])?;
        }
        if sums.refusals > 0 {
            chart.draw_series([bar(at, sums.tokens, sums.tokens.saturating_add(sums.refusals), REFUSALS)])?;
        }
    }
    root.present()
}

#[cfg(test)]
mod tests {
    use super::super::series::{Span, Sums};
    use super::*;

    fn series(tokens: i64, refusals: i64) -> Series {
        let mut series = Series::new(Span::of("7", Timestamp::from_unix(1_800_014_400)));
        series.add(Timestamp::from_unix(1_800_014_400), Sums { tokens, refusals });
        series
    }

    #[test]
    fn the_chart_is_shapes_and_text_without_style_or_script() {
        for (tokens, refusals) in [(0, 0), (3, 1), (1_234_567, 89), (i64::MAX / 1_000, 1)] {
            let figure = Figure::of(&series(tokens, refusals), Room::Page).ok().unwrap();
            assert_eq!(figure.is_empty, tokens == 0 && refusals == 0);
            for drawing in [&figure.wide, &figure.narrow] {
                let marks = drawing.marks.to_string();
                assert!(marks.contains("15 Jan") || marks.contains("14 Jan"), "{marks}");
                for forbidden in ["style=", "<script", "<svg", "</svg", "href", "<style"] {
                    assert!(!marks.contains(forbidden), "{forbidden} in {marks}");
                }
                assert_eq!(marks.contains("fill=\"#0F766E\""), tokens > 0, "{marks}");
                assert_eq!(marks.contains("fill=\"#B42318\""), refusals > 0, "{marks}");
            }
        }
    }

    #[test]
    fn the_style_sheet_knows_every_colour() {
        let css = include_str!("../assets/css/keys.css");
        for color in [TOKENS, REFUSALS, TEXT, GRID] {
            let spelled = format!("\"#{:02X}{:02X}{:02X}\"", color.0, color.1, color.2);
            assert!(css.contains(&spelled), "{spelled}");
        }
    }

    #[test]
    fn steps_are_round_and_few() {
        assert_eq!([0, 1, 4, 5, 9, 40, 41, 1_000].map(round_step), [1, 1, 1, 2, 5, 10, 20, 500]);
        assert_eq!([950, 12_000, 25_000_000].map(short), ["950", "12k", "25M"]);
    }
}
