//! What a figure consists of, before it is SVG or PNG.

use super::font::Face;

/// A colour.
pub(super) type Colour = (u8, u8, u8);

/// Okabe and Ito's colours, in an order of falling contrast.
pub(super) const BLUE: Colour = (0, 114, 178);
pub(super) const ORANGE: Colour = (213, 94, 0);
pub(super) const GREEN: Colour = (0, 158, 115);
pub(super) const PINK: Colour = (204, 121, 167);
pub(super) const SKY: Colour = (86, 180, 233);
pub(super) const INK: Colour = (34, 38, 43);
pub(super) const SOFT: Colour = (98, 106, 115);
pub(super) const GRID: Colour = (226, 229, 233);
pub(super) const PAPER: Colour = (255, 255, 255);

/// Dashes in pixels, on and off.
pub(super) type Dash = &'static [f64];
pub(super) const SOLID: Dash = &[];
pub(super) const DASHED: Dash = &[8.0, 5.0];
pub(super) const DOTTED: Dash = &[2.0, 4.0];
pub(super) const LONG: Dash = &[14.0, 4.0, 3.0, 4.0];

/// Where a text's anchor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One mark.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    Line { points: Vec<(f64, f64)>, colour: Colour, width: f64, dash: Dash },
    Fill { points: Vec<(f64, f64)>, colour: Colour },
    Text { x: f64, y: f64, anchor: Anchor, size: f64, colour: Colour, text: String },
}

/// A figure as marks, the first at the back.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
}

/// Size of the names of points.
const NAME: f64 = 12.0;

/// A box that a text covers: left, top, right, bottom.
pub(super) type Extent = (f64, f64, f64, f64);

impl Scene {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut scene = Self { width, height, marks: Vec::new() };
        scene.rect(0.0, 0.0, width, height, PAPER);
        scene
    }
    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, colour: Colour, width: f64, dash: Dash) {
        self.marks.push(Mark::Line { points, colour, width, dash });
    }
    pub(super) fn fill(&mut self, points: Vec<(f64, f64)>, colour: Colour) {
        self.marks.push(Mark::Fill { points, colour });
    }
    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, colour: Colour) {
        let (right, bottom) = (x + width, y + height);
        self.fill(vec![(x, y), (right, y), (right, bottom), (x, bottom)], colour);
    }
    pub(super) fn text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        size: f64,
        colour: Colour,
        text: impl Into<String>,
    ) {
        let text = text.into();
        self.marks.push(Mark::Text { x: at.0, y: at.1, anchor, size, colour, text });
    }

    /// Text cut to a width, with an ellipsis.
    pub(super) fn clipped(text: &str, size: f64, width: f64) -> String {
        let face = Face::new();
        if face.width(text, size) <= width {
            return text.to_owned();
        }
        let mut short: String = text.to_owned();
        while !short.is_empty() && face.width(&format!("{short}…"), size) > width {
            short.pop();
        }
        format!("{}…", short.trim_end())
    }

    /// Names a point from a place on, which gives way to the left at an edge, unless something
    /// stands there already.
    pub(super) fn name_if_free(
        &mut self,
        (left, base): (f64, f64),
        edge: f64,
        name: String,
        taken: &mut Vec<Extent>,
    ) {
        let width = Face::new().width(&name, NAME);
        let left = left.min(edge - width);
        let extent = (left - 2.0, base - NAME, left + width + 2.0, base + 4.0);
        let free = |other: &Extent| {
            extent.0 >= other.2 || other.0 >= extent.2 || extent.1 >= other.3 || other.1 >= extent.3
        };
        if taken.iter().all(free) {
            self.text((left, base), Anchor::Start, NAME, INK, name);
            taken.push(extent);
        }
    }

    /// Boxes of all texts, for the proof that they fit and do not overlap.
    pub(super) fn extents(&self) -> Vec<(Extent, &str)> {
        let face = Face::new();
        let boxes = self.marks.iter().filter_map(|mark| match mark {
            Mark::Text { x, y, anchor, size, text, .. } => {
                let width = face.width(text, *size);
                let left = start(*x, width, *anchor);
                Some(((left, y - size * 0.8, left + width, y + size * 0.22), text.as_str()))
            }
            Mark::Line { .. } | Mark::Fill { .. } => None,
        });
        boxes.collect()
    }

    /// What is wrong with the layout: text outside the figure, or over other text.
    pub(super) fn faults(&self) -> Vec<String> {
        let extents = self.extents();
        let mut faults = Vec::new();
        for (index, ((left, top, right, bottom), text)) in extents.iter().enumerate() {
            if *left < 0.0 || *top < 0.0 || *right > self.width || *bottom > self.height {
                faults.push(format!("`{text}` leaves the figure"));
            }
            for ((l, t, r, b), other) in &extents[index + 1..] {
                if left < r && l < right && top < b && t < bottom {
                    faults.push(format!("`{text}` overlaps `{other}`"));
                }
            }
        }
        faults
    }
}

/// The left end of a text.
pub(super) fn start(x: f64, width: f64, anchor: Anchor) -> f64 {
    match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    }
}
