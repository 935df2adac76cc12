//! A scene as SVG and as PNG.

use super::font::{BYTES, Face};
use super::scene::{Colour, Dash, Mark, Scene, start};
use crate::error::{Error, Result};
use plotters::prelude::{
    BitMapBackend, DrawingBackend, IntoDrawingArea, Polygon, RGBColor, ShapeStyle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, IntoFont, TextStyle, register_font};
use std::fmt::Write;

/// Pixels of a PNG per unit of the scene: sharp on dense screens, smooth when scaled down.
const SCALE: f64 = 2.0;

/// As SVG. Text is drawn as outlines, so that it fits without the viewer's fonts; its words are in
/// the labels of the shapes.
pub(super) fn svg(scene: &Scene, title: &str) -> String {
    let face = Face::new();
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n",
        escape(title)
    );
    for mark in &scene.marks {
        // Writing to a String cannot fail.
        let _written = match mark {
            Mark::Line { points, colour, width, dash } => writeln!(
                out,
                "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{} \
                 stroke-linejoin=\"round\"/>",
                path(points, false),
                hex(*colour),
                dashes(dash)
            ),
            Mark::Fill { points, colour } => {
                writeln!(out, "<path d=\"{}\" fill=\"{}\"/>", path(points, true), hex(*colour))
            }
            Mark::Text { x, y, anchor, size, colour, text } => {
                let left = start(*x, face.width(text, *size), *anchor);
                writeln!(
                    out,
                    "<path aria-label=\"{}\" transform=\"translate({left:.2} {y:.2})\" \
                     fill=\"{}\" d=\"{}\"/>",
                    escape(text),
                    hex(*colour),
                    face.path(text, *size)
                )
            }
        };
    }
    out.push_str("</svg>\n");
    out
}

fn path(points: &[(f64, f64)], closed: bool) -> String {
    let mut data = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let command = if index == 0 { "M" } else { "L" };
        let _written = write!(data, "{command}{x:.1} {y:.1}");
    }
    if closed {
        data.push('Z');
    }
    data
}

fn dashes(dash: Dash) -> String {
    if dash.is_empty() {
        return String::new();
    }
    let lengths: Vec<String> = dash.iter().map(ToString::to_string).collect();
    format!(" stroke-dasharray=\"{}\"", lengths.join(" "))
}

fn hex((r, g, b): Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As PNG, at twice the size.
pub(super) fn png(scene: &Scene) -> Result<Vec<u8>> {
    let (width, height) = ((scene.width * SCALE) as u32, (scene.height * SCALE) as u32);
    let mut pixels = vec![255; width as usize * height as usize * 3];
    // Registering the same font again changes nothing.
    let _known = register_font("figure", FontStyle::Normal, BYTES);
    let drawn = draw(scene, BitMapBackend::with_buffer(&mut pixels, (width, height)));
    drawn.map_err(|error| Error::runtime(format!("cannot draw a figure: {error}")))?;
    encode(&pixels, width, height)
        .map_err(|error| Error::runtime(format!("cannot encode a figure: {error}")))
}

fn draw<B: DrawingBackend>(scene: &Scene, backend: B) -> std::result::Result<(), String>
where
    B::ErrorType: 'static,
{
    let area = backend.into_drawing_area();
    let face = Face::new();
    let pixel = |(x, y): &(f64, f64)| ((x * SCALE).round() as i32, (y * SCALE).round() as i32);
    let rgb = |(r, g, b): Colour| RGBColor(r, g, b);
    for mark in &scene.marks {
        let drawn = match mark {
            Mark::Line { points, colour, width, dash } => {
                let style = ShapeStyle::from(&rgb(*colour)).filled();
                let pieces = pieces(points, dash);
                let mut segments = pieces.iter().flat_map(|piece| piece.windows(2));
                segments.try_for_each(|pair| {
                    let corners = segment(pair[0], pair[1], *width);
                    area.draw(&Polygon::new(corners.iter().map(pixel).collect::<Vec<_>>(), style))
                })
            }
            Mark::Fill { points, colour } => {
                let points: Vec<(i32, i32)> = points.iter().map(pixel).collect();
                area.draw(&Polygon::new(points, ShapeStyle::from(&rgb(*colour)).filled()))
            }
            Mark::Text { x, y, anchor, size, colour, text } => {
                let left = start(*x, face.width(text, *size), *anchor);
                let font = ("figure", face.pixels(*size) * SCALE).into_font();
                let colour = rgb(*colour);
                let style =
                    TextStyle::from(font).color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
                // The middle of capitals lies 0.36 em above the baseline.
                let at = pixel(&(left, y - size * 0.36));
                area.draw(&Text::new(text.clone(), at, style))
            }
        };
        drawn.map_err(|error| error.to_string())?;
    }
    area.present().map_err(|error| error.to_string())
}

/// The corners of a straight stroke; its ends reach half a width further, so that joints close.
fn segment((x0, y0): (f64, f64), (x1, y1): (f64, f64), width: f64) -> [(f64, f64); 4] {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = dx.hypot(dy).max(1e-9);
    let (ux, uy) = (dx / length * width / 2.0, dy / length * width / 2.0);
    let ((x0, y0), (x1, y1)) = ((x0 - ux, y0 - uy), (x1 + ux, y1 + uy));
    [(x0 - uy, y0 + ux), (x1 - uy, y1 + ux), (x1 + uy, y1 - ux), (x0 + uy, y0 - ux)]
}

/// A line cut into its dashes.
fn pieces(points: &[(f64, f64)], dash: Dash) -> Vec<Vec<(f64, f64)>> {
    if dash.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut index, mut left) = (0, dash[0]);
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let ((mut x, mut y), (to_x, to_y)) = (pair[0], pair[1]);
        loop {
            let length = (to_x - x).hypot(to_y - y);
            if length <= left {
                left -= length;
                piece.push((to_x, to_y));
                break;
            }
            let share = left / length;
            (x, y) = (x + (to_x - x) * share, y + (to_y - y) * share);
            piece.push((x, y));
            if index % 2 == 0 && piece.len() > 1 {
                pieces.push(std::mem::take(&mut piece));
            }
            index += 1;
            left = dash[index % dash.len()];
            piece = vec![(x, y)];
        }
    }
    if index % 2 == 0 && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn encode(pixels: &[u8], width: u32, height: u32) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(pixels).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(bytes)
}
