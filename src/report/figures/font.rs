//! The embedded font: widths and outlines.

use ab_glyph::{Font, FontRef, OutlineCurve, Point, ScaleFont};
use std::fmt::Write;

/// `DejaVu` Sans, Latin letters and the signs that figures need.
pub(super) const BYTES: &[u8] = include_bytes!("font/DejaVuSans.ttf");

/// The font at one size.
pub(super) struct Face {
    font: FontRef<'static>,
}

impl Face {
    /// The embedded font.
    pub(super) fn new() -> Self {
        match FontRef::try_from_slice(BYTES) {
            Ok(font) => Self { font },
            Err(error) => unreachable!("the embedded font is a font: {error}"),
        }
    }

    /// The width of a text in pixels.
    pub(super) fn width(&self, text: &str, size: f64) -> f64 {
        let scaled = self.font.as_scaled(self.scale(size));
        let mut width = 0.0;
        let mut last = None;
        for c in text.chars() {
            let glyph = self.font.glyph_id(c);
            if let Some(last) = last {
                width += f64::from(scaled.kern(last, glyph));
            }
            width += f64::from(scaled.h_advance(glyph));
            last = Some(glyph);
        }
        width
    }

    /// The outlines of a text whose baseline begins at the origin, as the data of an SVG path.
    pub(super) fn path(&self, text: &str, size: f64) -> String {
        let scale = self.scale(size);
        let scaled = self.font.as_scaled(scale);
        let factor = f64::from(scale.x) / f64::from(self.font.height_unscaled());
        let mut data = String::new();
        let mut x = 0.0;
        let mut last = None;
        for c in text.chars() {
            let glyph = self.font.glyph_id(c);
            if let Some(last) = last {
                x += f64::from(scaled.kern(last, glyph));
            }
            if let Some(outline) = self.font.outline(glyph) {
                curves(&outline.curves, x, factor, &mut data);
            }
            x += f64::from(scaled.h_advance(glyph));
            last = Some(glyph);
        }
        data
    }

    /// The size by height at which other users of the font draw the same text.
    pub(super) fn pixels(&self, size: f64) -> f64 {
        f64::from(self.scale(size).y)
    }

    /// `ab_glyph` scales by the height from descent to ascent; sizes here are those of CSS, em.
    fn scale(&self, size: f64) -> ab_glyph::PxScale {
        let units = f64::from(self.font.units_per_em().unwrap_or(2048.0));
        ab_glyph::PxScale::from((size * f64::from(self.font.height_unscaled()) / units) as f32)
    }
}

fn curves(curves: &[OutlineCurve], x: f64, factor: f64, data: &mut String) {
    let at = |point: &Point| (x + f64::from(point.x) * factor, -f64::from(point.y) * factor);
    let mut pen: Option<Point> = None;
    let mut put = |command: &str, points: &[&Point]| {
        data.push_str(command);
        for (index, point) in points.iter().enumerate() {
            let (x, y) = at(point);
            let comma = if index == 0 { "" } else { " " };
            // Writing to a String cannot fail.
            let _written = write!(data, "{comma}{x:.2} {y:.2}");
        }
    };
    for curve in curves {
        let (start, rest): (&Point, &[&Point]) = match curve {
            OutlineCurve::Line(start, end) => (start, &[end]),
            OutlineCurve::Quad(start, control, end) => (start, &[control, end]),
            OutlineCurve::Cubic(start, first, second, end) => (start, &[first, second, end]),
        };
        if pen != Some(*start) {
            put("M", &[start]);
        }
        put(["L", "Q", "C"][rest.len() - 1], rest);
        pen = rest.last().map(|point| **point);
    }
}
